import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, ChannelConfig, ChannelView, EmailSecurity, WebhookFormat } from '../../backend/bindings';

/** The kinds of channels that can be added; the desktop is always there. */
export type ChannelKind = 'webhook' | 'email';

/** Ports that mail servers usually listen on. */
export const USUAL_PORTS: Record<EmailSecurity, number> = { none: 25, starttls: 587, tls: 465 };

/** A channel as it is being entered. Its secrets leave this object when it is saved. */
export class ChannelDraft {
  name = $state('');
  kind = $state<ChannelKind>('webhook');
  url = $state('');
  format = $state<WebhookFormat>('generic');
  signingSecret = $state('');
  headers = $state('');
  caPem = $state('');
  host = $state('');
  port = $state('587');
  security = $state<EmailSecurity>('starttls');
  username = $state('');
  password = $state('');
  from = $state('');
  to = $state('');
  error = $state.raw<AppError | null>(null);
  readonly id: string;
  readonly hasSecrets: boolean;
  /** What is shown of the kept address. */
  readonly keptUrl: string;

  constructor(channel: ChannelView | null) {
    this.id = channel?.id ?? '';
    this.hasSecrets = channel?.has_secrets ?? false;
    this.keptUrl = channel?.config.kind === 'webhook' ? channel.config.url : '';
    if (!channel) return;
    this.name = channel.name;
    const { config } = channel;
    if (config.kind === 'webhook') {
      this.kind = 'webhook';
      this.format = config.format;
      this.headers = Object.entries(config.headers)
        .map(([name, value]) => `${name}: ${value ?? ''}`)
        .join('\n');
      this.caPem = config.ca_pem ?? '';
    } else if (config.kind === 'email') {
      this.kind = 'email';
      this.host = config.host;
      this.port = String(config.port);
      this.security = config.security;
      this.username = config.username ?? '';
      this.from = config.from;
      this.to = config.to.join('\n');
      this.caPem = config.ca_pem ?? '';
    }
  }

  /** The first line of the headers that is none. */
  readonly faultyHeader = $derived(
    this.headers
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '' && !/^[^:\s]+\s*:/.test(line)) ?? null,
  );

  /** What the backend says is wrong with a field. */
  wrong(field: string): string | null {
    return this.error?.fields.find((entry) => entry.field === field)?.message ?? null;
  }

  /** Saves it. Returns whether that worked; otherwise `error` says why. */
  async save(): Promise<boolean> {
    if (this.faultyHeader !== null && this.kind === 'webhook') return false;
    try {
      await backend.call('channel_put', {
        channel: { id: this.id, name: this.name.trim(), config: this.#config(), secrets: this.#secrets() },
      });
      this.signingSecret = '';
      this.password = '';
      this.url = '';
      this.error = null;
      return true;
    } catch (error) {
      this.error = asAppError(error);
      return false;
    }
  }

  #config(): ChannelConfig {
    const ca_pem = this.caPem.trim() || null;
    if (this.kind === 'webhook') {
      const headers = this.headers
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '')
        .map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]);
      return {
        kind: 'webhook',
        // The backend moves what follows the host to the secrets: it often is the receiver's token.
        url: this.url.trim() || this.keptUrl,
        format: this.format,
        headers: Object.fromEntries(headers) as Record<string, string>,
        ca_pem,
      };
    }
    return {
      kind: 'email',
      host: this.host.trim(),
      port: Number(this.port) || 0,
      security: this.security,
      username: this.username.trim() || null,
      from: this.from.trim(),
      to: this.to
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== ''),
      ca_pem,
    };
  }

  #secrets(): Record<string, unknown> {
    const secrets: Record<string, unknown> = {};
    if (this.kind === 'webhook') {
      if (this.signingSecret !== '') secrets.signing_secret = this.signingSecret;
    } else if (this.password !== '') {
      secrets.password = this.password;
    }
    return secrets;
  }
}
