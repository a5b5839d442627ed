import type { TaskSettings } from '../../backend/bindings';
import { whole } from '../../lib/format';
import { absolute } from '../../lib/time.svelte';
import { t } from '../../text/index.svelte';
import type { Plan } from './plan';
import type { PreCheck } from './pre-check.svelte';

/** Where a copy begins, in a few words. */
export function startWords(settings: TaskSettings): string {
  const texts = t().newTask;
  const { start } = settings;
  const overrides = Object.keys(settings.start_overrides).length;
  const words = start.startsWith('offset:')
    ? `${texts.startOffset} ${start.slice('offset:'.length)}`
    : start.startsWith('time:')
      ? absolute(Date.parse(start.slice('time:'.length)))
      : start.startsWith('last:')
        ? texts.lastWords(whole(Number(start.slice('last:'.length))))
        : start.startsWith('group:')
          ? `${texts.startGroup} ${start.slice('group:'.length)}`
          : start === 'latest'
            ? texts.startLatest
            : texts.startEarliest;
  return overrides === 0 ? words : `${words}, ${texts.backlogOverrides(overrides)}`;
}

/** Where a copy ends, in a few words; null where it follows the source. */
export function endWords(settings: TaskSettings): string | null {
  const texts = t().newTask;
  const others = Object.keys(settings.end_overrides).length;
  const words = endOf(settings.end);
  if (others === 0) return words;
  return `${words ?? (settings.bounded ? texts.bounded : texts.follow)}, ${texts.endOverrides(others)}`;
}

function endOf(end: string | null): string | null {
  const texts = t().newTask;
  if (end === null) return null;
  if (end.startsWith('offset:')) return `${texts.startOffset} ${end.slice('offset:'.length)}`;
  if (end.startsWith('time:')) return absolute(Date.parse(end.slice('time:'.length)));
  if (end.startsWith('records:')) return texts.recordsWords(whole(Number(end.slice('records:'.length))));
  return texts.endLaunch;
}

/** What was chosen in each step, in a line; empty for what is not decided. */
export function chosenInSteps(
  settings: TaskSettings,
  plan: Plan,
  check: PreCheck,
  names: { source: string; target: string },
): string[] {
  const texts = t().newTask;
  const existing = { stop: texts.existingStop, append: texts.existingAppend, rewrite: texts.existingRewrite };
  const topics =
    'topics' in settings.objects
      ? texts.listCount(whole(settings.objects.topics.length))
      : settings.objects.matching.include === '.*' && settings.objects.matching.exclude === null
        ? texts.objectsAll
        : settings.objects.matching.include === '.*'
          ? texts.listCount(whole(plan.topics.length))
          : settings.objects.matching.include;
  return [
    names.source === '' || names.target === '' ? '' : `${names.source} → ${names.target}`,
    settings.source === '' ? '' : `${topics} · ${startWords(settings)}`,
    settings.source === ''
      ? ''
      : `${plan.renamed === 0 ? texts.namesSame : texts.namesOther(whole(plan.renamed))} · ${existing[settings.existing]}`,
    check.running
      ? texts.checkRunning(check.done, check.items.length)
      : check.report === null
        ? ''
        : check.report.may_start
          ? texts.success
          : texts.failed,
    '',
  ];
}
