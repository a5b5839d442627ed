import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, DataSource, SourceForm, SourceImported } from '../../backend/bindings';

/** A property beside the fields, as it is being entered. */
export interface ExtraProperty {
  name: string;
  value: string;
}

/** The environments there are from the start. A colour is data here: it is kept with the data source. */
export const ENVIRONMENTS = {
  production: { name: 'Production', colour: '#c62828' },
  development: { name: 'Development', colour: '#2e7d32' },
} as const;
/** What another environment begins with. */
export const OTHER_COLOUR = '#1565c0';

/** The fields that hold secrets. */
export const SECRETS = ['password', 'key_password', 'key_pem', 'oauth_client_secret', 'proxy_password'] as const;
export type SecretField = (typeof SECRETS)[number];

/** A form with nothing in it. */
export function blankForm(): SourceForm {
  return {
    name: '',
    kind: 'kafka',
    connect: { url: '', login: 'none' },
    environment: { ...ENVIRONMENTS.development },
    read_only: false,
    note: '',
    bootstrap: '',
    protocol: 'PLAINTEXT',
    mechanism: null,
    username: null,
    oauth: { token_endpoint: null, client_id: null, scope: null },
    aws: { region: null, profile: null, role_arn: null, session_name: null, external_id: null },
    kerberos: { service_name: null, principal: null, keytab: null },
    ca_file: null,
    certificate_file: null,
    key_file: null,
    verify_host_name: true,
    address_map: '',
    proxy: null,
    proxy_user: null,
    client_id: null,
    extra: {},
  };
}

/** Whether deleting data there asks for the name. The same rule as the backend's. */
export function isProduction(form: SourceForm): boolean {
  return form.environment.name.trim().toLowerCase() === 'production';
}

/** A data source that is being described. Its secrets leave this object when it is saved. */
export class SourceDraft {
  form = $state<SourceForm>(blankForm());
  extra = $state<ExtraProperty[]>([]);
  secrets = $state<Record<SecretField, string>>({ password: '', key_password: '', key_pem: '', oauth_client_secret: '', proxy_password: '' });
  /** Secrets that are kept already. */
  kept = $state.raw<readonly string[]>([]);
  error = $state.raw<AppError | null>(null);
  imported = $state.raw<SourceImported | null>(null);
  readonly id: string | null;
  #asSaved = '';
  /** When what is shown was kept: another change since then is not written over. */
  #basedOn: number | undefined;

  constructor(source: DataSource | null) {
    this.id = source?.id ?? null;
    if (source) {
      this.#fill(source.form);
      this.#basedOn = source.updated_ms;
      this.kept = source.secret_fields;
    }
    this.#asSaved = this.#fingerprint();
  }

  /** A new one like another, without its secrets: those never leave the place where they are kept. */
  static like(other: DataSource, name: string): SourceDraft {
    const draft = new SourceDraft(null);
    draft.#fill({ ...other.form, name });
    draft.#asSaved = draft.#fingerprint();
    return draft;
  }

  readonly isConnect = $derived(this.form.kind === 'connect');
  readonly hasTls = $derived(this.form.protocol === 'SSL' || this.form.protocol === 'SASL_SSL');
  readonly hasSasl = $derived(this.form.protocol.startsWith('SASL_'));
  readonly hasPassword = $derived(
    this.hasSasl && (this.form.mechanism === 'PLAIN' || (this.form.mechanism?.startsWith('SCRAM') ?? false)),
  );
  /** What is entered, as the backend takes it. */
  readonly entered = $derived.by(
    (): SourceForm => ({
      ...$state.snapshot(this.form),
      extra: Object.fromEntries(
        this.extra.filter(({ name }) => name.trim() !== '').map(({ name, value }) => [name.trim(), value]),
      ),
    }),
  );
  /** Changes with whatever matters for a test. */
  readonly fingerprint = $derived(this.#fingerprint());
  readonly dirty = $derived(this.fingerprint !== this.#asSaved);

  /** Secrets that were typed; those left blank stay as they are. */
  get typed(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.secrets).filter(([, value]) => value !== ''));
  }

  /** What the backend says is wrong with a field, a line for each error. */
  wrong(field: string): string | null {
    const messages = this.error?.fields.filter((entry) => entry.field === field).map((entry) => entry.message) ?? [];
    return messages.length > 0 ? messages.join('\n') : null;
  }

  /** Takes over what another program knew. */
  take(imported: SourceImported): void {
    const { name, read_only } = this.form;
    this.#fill({ ...imported.form, read_only });
    if (this.form.name === '') this.form.name = name;
    for (const field of SECRETS) this.secrets[field] = imported.secrets[field] ?? '';
    this.imported = { ...imported, secrets: {} };
    this.error = null;
  }

  /** Saves it; returns null when it could not be, and `error` says why. */
  async save(): Promise<DataSource | null> {
    try {
      const request = { form: this.entered, secrets: this.typed };
      const saved =
        this.id === null
          ? await backend.call('source_add', request)
          : await backend.call('source_edit', { source: this.id, ...request, based_on_ms: this.#basedOn });
      this.#basedOn = saved.updated_ms;
      for (const field of SECRETS) this.secrets[field] = '';
      this.#asSaved = this.#fingerprint();
      this.error = null;
      return saved;
    } catch (error) {
      this.error = asAppError(error);
      return null;
    }
  }

  #fill(form: SourceForm): void {
    // One of an earlier version has no kind.
    this.form = structuredClone({ ...blankForm(), ...form });
    this.extra = Object.entries(form.extra).map(([name, value]) => ({ name, value: value ?? '' }));
  }

  #fingerprint(): string {
    return JSON.stringify([this.form, this.extra, this.secrets]);
  }
}
