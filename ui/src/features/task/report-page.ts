import type { VerificationReport } from '../../backend/bindings';
import { delay, whole } from '../../lib/format';
import { absolute } from '../../lib/time.svelte';
import { language } from '../../text/index.svelte';
import { say } from '../../text/say';
import type { task } from '../../text/en/task';
import { coverageOf, readBy, resultOf, verdictOf } from './verify-words';

/** A verification's report as a page that stands alone: no script, nothing fetched. */
export function reportPage(report: VerificationReport, name: string, texts: typeof task): string {
  const rows = report.partitions
    .map((partition) => {
      const result = resultOf(partition, texts);
      return `<tr>${[partition.topic, String(partition.partition), whole(partition.source_records), whole(partition.target_records), whole(partition.equal_records), result]
        .map((text) => `<td>${escaped(text)}</td>`)
        .join('')}</tr>`;
    })
    .join('\n');
  const first = report.first_differences
    .map((difference) => `<li>${escaped(`${texts.differences[difference.kind]}: ${difference.topic}, ${difference.partition}, ${whole(difference.source_offset)}: ${say(difference.detail)}`)}</li>`)
    .join('\n');
  const coverage = coverageOf(report, texts).map(([label, amount]) => `<li>${escaped(`${label}: ${amount}`)}</li>`);
  if (report.unread_partitions > 0) coverage.push(`<li>${escaped(texts.verifyUnreadPartitions(whole(report.unread_partitions)))}</li>`);
  if (report.left_out_topics.length > 0) coverage.push(`<li>${escaped(texts.verifyLeftOut(report.left_out_topics.join(texts.verifyComma)))}</li>`);
  const head = [texts.topic, texts.partition, texts.verifySource, texts.verifyTarget, texts.verifyEqual, texts.verifyResult];
  return `<!doctype html>
<html lang="${language.locale}">
<meta charset="utf-8">
<title>${escaped(`${name}: ${verdictOf(report, texts)}`)}</title>
<style>
  :root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; }
  body { max-width: 1000px; margin: 40px auto; padding: 0 20px; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { padding: 4px 10px; border-bottom: 1px solid color-mix(in srgb, currentcolor 20%, transparent); text-align: start; }
</style>
<h1>${escaped(`${name}: ${verdictOf(report, texts)}`)}</h1>
<p>${escaped(say(report.sentence))}</p>
<p>${escaped(`${absolute(Date.now())}. ${texts.verifyTook(delay(report.duration_ms))} ${texts.id}: ${report.task}`)}</p>
<ul>
${coverage.join('\n')}
</ul>
<p>${escaped(readBy(report, texts))}</p>
${first === '' ? '' : `<h2>${escaped(texts.verifyFirst)}</h2>\n<ul>\n${first}\n</ul>`}
<table>
<thead><tr>${head.map((text) => `<th>${escaped(text)}</th>`).join('')}</tr></thead>
<tbody>
${rows}
</tbody>
</table>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
