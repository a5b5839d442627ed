import { SvelteMap } from 'svelte/reactivity';
import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, ProbeReport, ProbeStep, SourceForm } from '../../backend/bindings';

/** The steps in their order. */
export const STEPS = ['dns', 'tcp', 'tls', 'sasl', 'metadata', 'versions', 'advertised', 'local_address'] as const;

/** The steps of a Connect cluster in their order. */
export const CONNECT_STEPS = ['connect_version', 'connect_plugins', 'connect_exactly_once', 'connect_overrides', 'connect_kafka'] as const;

/** A test of one connection: its steps as they end, and the report. */
export class ConnectionTest {
  running = $state(false);
  steps = $state.raw<ProbeStep[]>([]);
  report = $state.raw<ProbeReport | null>(null);
  error = $state.raw<AppError | null>(null);
  /** When it ended, in ms since 1970. */
  at = $state<number | null>(null);

  /** The worst of its steps; null before a result. */
  readonly verdict = $derived.by((): 'success' | 'warning' | 'failed' | null => {
    if (this.error) return 'failed';
    if (!this.report) return null;
    if (!this.report.ok) return 'failed';
    return this.report.steps.some((step) => step.result === 'warning') ? 'warning' : 'success';
  });
  readonly failedStep = $derived(this.report?.steps.find((step) => step.result === 'failed') ?? null);

  /** Tests a saved data source, or what is entered in a form; with both, the saved secrets fill the fields left blank. */
  async run(source: string | null, form: SourceForm | null, secrets: Record<string, string>): Promise<void> {
    this.running = true;
    this.steps = [];
    this.report = null;
    this.error = null;
    const unsubscribe = backend.subscribe((event) => {
      if (event.kind === 'source_test_step' && event.source_id === source) {
        this.steps = [...this.steps, event.step as ProbeStep];
      }
    });
    try {
      this.report = await backend.call('source_test', { source, form, secrets });
      this.steps = this.report.steps;
    } catch (error) {
      this.error = asAppError(error);
    } finally {
      this.running = false;
      this.at = Date.now();
      unsubscribe();
    }
  }
}

/** Clusters that may be asked at the same time: more would hide which one is slow. */
const AT_ONCE = 3;

/** The last test of each saved data source, as long as the page is open. */
class ConnectionTests {
  #tests = new SvelteMap<string, ConnectionTest>();

  /** The test of a data source; one that has not run yet is made when it is first asked for. */
  of(id: string): ConnectionTest | null {
    return this.#tests.get(id) ?? null;
  }

  /** Tests a data source now. */
  async run(id: string): Promise<ConnectionTest> {
    const test = this.#tests.get(id) ?? new ConnectionTest();
    this.#tests.set(id, test);
    if (!test.running) await test.run(id, null, {});
    return test;
  }

  /** Forgets what was found, as after an edit. */
  forget(id: string): void {
    this.#tests.delete(id);
  }

  /** Tests these data sources, a few at a time. `again`: those too that have a result. */
  async runAll(ids: readonly string[], again: boolean): Promise<void> {
    const waiting = ids.filter((id) => again || !this.#tests.has(id));
    const work = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await this.run(id);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
}

/** The tests of this window. */
export const connectionTests = new ConnectionTests();
