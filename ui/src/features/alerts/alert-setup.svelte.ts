import { backend } from '../../backend';
import type { ChannelView, Rule, TaskRowView } from '../../backend/bindings';
import { Loadable } from '../../lib/loadable.svelte';

/** Rules, channels and the tasks they are about. */
export class AlertSetup {
  readonly rules = new Loadable<Rule[]>();
  readonly channels = new Loadable<ChannelView[]>();
  readonly tasks = new Loadable<TaskRowView[]>();

  /** Fetches everything. */
  async load(): Promise<void> {
    await Promise.all([
      this.rules.load(() => backend.call('rule_list', {})),
      this.channels.load(() => backend.call('channel_list', {})),
      this.tasks.load(async () => {
        const page = await backend.call('task_list', {
          states: [],
          text: null,
          tag: null,
          source: null,
          target: null,
          order: 'name',
          offset: 0,
          limit: 10_000,
        });
        return page.tasks;
      }),
    ]);
  }

  /** A channel's name, as it is shown. */
  channelName(id: string, desktop: string): string {
    if (id === DESKTOP) return desktop;
    return this.channels.value?.find((channel) => channel.id === id)?.name ?? id;
  }
}

/** The channel that is always there. */
export const DESKTOP = 'desktop';
