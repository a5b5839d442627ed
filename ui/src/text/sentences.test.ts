import { expect, test } from 'vitest';
import { allSaid, HOLE, literals, sources } from './rust-sentences';
import { Catalogue, holesOf, literalsOf } from './sentences';
import { sentences } from './zh/sentences';
import { kafka } from './zh/sentences/kafka';

/** Literals that are no sentences: SQL, types, time formats, versions of Kafka. */
const NOT_SAID = /SELECT|INSERT|UPDATE|DELETE FROM|WHERE|VACUUM|COLLATE|ORDER BY|instr\(|_ms\b| AND |number \| null|string \| null|= NULL|%F|^\d\.\d (?:to|or) /;
/** Sources whose sentences go to the program's own log, are made in both languages, or are tests. */
const OTHERS = /chinese\.rs$|call_thread\.rs$|bindings\.rs$|\/tests\.rs$|\/tests\/\w+\.rs$/;
/** Sentences of the program's own log, of attributes of the compiler, and words that are looked for in others. */
const NOT_SHOWN = new Set([
  'the ends of transactions are not known yet',
  'a task that runs on Connect has no speed limit',
  'a task that runs on Connect does not stop at gaps',
  'the thread that watches Connect panicked',
  'HTTP 404 Not Found',
  'BEGIN ENCRYPTED PRIVATE KEY',
  'This worker does not have exactly-once',
  'the last records on the target are not looked for',
  'the last record on the target is not told from others',
  'the last record on the target was not looked for',
  'removed although its connectors may go on',
  'everything a run is made of, called from one place',
  'no thread for the watcher: {}',
  'reading with a new client: partitions with more records stand still',
  'requesting stalled partitions again',
  'the end of a damaged batch is not known',
  'the policy of new target topics is not known',
  'whether target topics take records without a key is not known',
  'whether it takes records without a key is not known',
  'looking at what is stored',
  'matching with the source',
  'reading a refused batch again',
  'opening a transaction',
  'verifying with librdkafka',
  'comparing record by record: stored batches cannot be read',
  'records cannot be read again',
  'nothing came of it',
  'the rest of a log could not be looked at',
  'the ids of the topics are not known',
  'message formats are not looked at',
  "the source's batch cannot be looked at",
  "the source's batches cannot be looked at",
  'the codec is not known',
  'the records are not known',
  'reading with a new client, which asks for another amount at a time',
  'broker end offset is ',
  '(topics that are added)',
  'unassigning after verification',
  'The offset map could not be shortened: {}.',
  'reading where its logs begin',
  'the local address of a connection is unknown: {}',
  'a name is not looked up, because no thread could be started: {}',
  'ip address mismatch',
  'wrong version number',
  'unsupported sasl mechanism',
  'failed to acquire sasl oauthbearer token',
  "no thread for a command's output: {}",
  'the client library does not take why there is no token',
  'the address map leads to ',
  'the socks5 proxy ',
  'topic, partition, target_topic, source_topic_id, target_topic_id, start, target_start, backlog_end, position, leader_epoch, target_next, anchor_offset, anchor_hash, records, bytes, incarnation, until',
  'source_base, target_base, length, source_first, source_block, source_hole, target_first, target_block, target_hole',
  'the file that names the owner stays; without the lock it counts for nothing',
  'the owner does not say who it is',
  'Sluice tries whether this keychain works',
  'secrets are not kept in the keychain',
  "Demo: a shop's topics",
  'Runs inside Sluice and ends with it',
  '在 Sluice 内部运行，随程序退出而结束',
  'a step of the test cannot be shown',
  'a passphrase was given, but the secrets of this folder are protected by the key beside them',
  'a command panicked',
  'looking for the last batch',
  'reading where the target ends',
  'looking for holes',
  "'{}' is no lane",
  'an offset is not known',
  'the topics of a share group are not known',
  'whether another task has this name is not known',
  'a thread that asks a cluster panicked',
  'a thread that commits offsets panicked',
  'a thread that reads records panicked',
]);

/** Literals with code in them, which is a placeholder in their templates, and the commands that are such code. */
const WITH_CODE = /^(?:keytool|openssl) |\$\{env:NAME\}|its value is a placeholder \$/;

const catalogue = new Catalogue(sentences);
const say = (text: string) => catalogue.translate(text);

/** A sentence that fits a template, with something in each of its placeholders that no template is known for. */
function sample(template: string): string {
  const fillings: Record<string, string> = { '#': '7', '@': 'zz-1', '%': '10.0.0.1', ',': 'zz, yy', "'": "'zz', 'yy'" };
  return template.replaceAll(/\{([#@*!~,'%]?)\w+\}|\[s\]/g, (hole, kind: string | undefined) => (hole === '[s]' ? 's' : (fillings[kind ?? ''] ?? 'zzz')));
}

test('both sides of a template have the same placeholders', () => {
  const uneven = sentences.filter(([english, chinese]) => {
    const [there, here] = [new Set(holesOf(english)), new Set(holesOf(chinese))];
    return there.size !== holesOf(english).length || [...here].some((hole) => !there.has(hole)) || there.size !== here.size;
  });
  expect(uneven).toEqual([]);
});

test('no template is written twice, and none takes the sentences of another', () => {
  const english = sentences.map(([template]) => template);
  expect(english.filter((template, index) => english.indexOf(template) !== index)).toEqual([]);
  const shadowed = sentences.flatMap(([template, chinese]) => {
    if (template.includes('{!')) return [];
    const own = new Catalogue([[template, chinese]]).translate(sample(template));
    // Nested sentences are known to the whole catalogue only; samples have none.
    const said = say(sample(template));
    return said === own || sample(own) === said ? [] : [{ template, own, said }];
  });
  expect(shadowed).toEqual([]);
});

test('the Chinese of a template is Chinese, with its punctuation', () => {
  const kept = /\{\w+\}|broker|bootstrap|URL|TLS/g;
  expect(sentences.filter(([, chinese]) => /\p{Letter}/u.test(chinese.replaceAll(kept, '')) && !/\p{Script=Han}/u.test(chinese))).toEqual([]);
  expect(sentences.filter(([, chinese]) => /\p{Script=Han}[,;:!?]|[,;!]\s*\p{Script=Han}/u.test(chinese))).toEqual([]);
});

test('what a sentence ends with is what its translation ends with, so that a sentence behind it finds its place', () => {
  const moved = sentences.filter(([english, chinese]) => {
    const last = /\{\*(\w+)\}$/.exec(english)?.[1];
    return last !== undefined && english.length > 30 && !chinese.endsWith(`{${last}}`);
  });
  expect(moved).toEqual([]);
});

/** What stands between placeholders, without the punctuation that may belong to either side. */
function bare(text: string): string {
  return text.replace(/^[\s;:,.'"()]+|[\s;:,.'"()]+$/g, '');
}

test('what the templates say is what the backend says', () => {
  const said = allSaid().join('\n');
  // A placeholder may be empty, as `{why}` in "has{why}; trying again".
  const all = [said, said.replaceAll(HOLE, '')];
  const elsewhere = new Set(kafka);
  const unsaid = sentences
    .filter((sentence) => !elsewhere.has(sentence))
    .map(([english]) => english)
    .filter((english) => !all.some((text) => literalsOf(english).every((part) => text.includes(bare(part)))));
  expect(unsaid, 'the backend does not say these any more').toEqual([]);
});

test('what pre-checks, connection tests, forms and tasks say has a template', () => {
  const templates = sentences.map(([english]) => literalsOf(english).join(HOLE)).join('\n');
  const places = ['engine/src', 'kafka/src/import', 'kafka/src/probe', 'kafka/src/properties', 'model/src', 'reach/src', 'aws/src', 'alerts/src', 'store/src', 'app/src/commands', 'app/src/tasks/connect', 'connect/src'];
  const unknown = [...new Set(places.flatMap((place) => [...sources(`crates/${place}`)]).flatMap(([path, source]) => (OTHERS.test(path) ? [] : literals(source))))].filter(
    (literal) =>
      !NOT_SAID.test(literal) &&
      !WITH_CODE.test(literal) &&
      !NOT_SHOWN.has(literal.replaceAll(HOLE, '{}')) &&
      literal
        .split(HOLE)
        .map(bare)
        .some((part) => part.split(' ').length > 2 && !templates.includes(part)),
  );
  expect(unknown, 'these need a template in ui/src/text/zh/sentences').toEqual([]);
});

test('a part of a task is named in Chinese, too', () => {
  expect(say('Of topic a only: Equal: 1 of 1 partitions, 100 records, every field')).toBe('仅主题 a：一致：1 个分区中的 1 个，100 条记录，所有字段');
  expect(say('Of topics a, b only, from 2026-01-31T08:00:00Z on: Equal: 1 of 1 partitions, 9 records, every field; this continues the verification of 2026-01-30T08:00:00Z in 1 of 2 partitions')).toBe(
    '仅主题 a, b，从 2026-01-31T08:00:00Z 起：一致：1 个分区中的 1 个，9 条记录，所有字段；接续 2026-01-30T08:00:00Z 的校验（2 个分区中的 1 个）',
  );
});

test.each([
  ['3 brokers answer', '3 个 broker 有应答'],
  [
    "compression zstd for 'a', 'b', as the newest records at the source have it; compression none for 7 topics, as the source topic is set to it",
    "'a', 'b' 使用 zstd 压缩，与源上最新的记录一致；7 个主题 使用 none 压缩，与源主题的设置一致",
  ],
  [
    'orders-0 offset 5 was too large with compression none, and is written with zstd at level 12',
    'orders-0 偏移量 5 用 none 压缩后仍过大，写入时改用 zstd（级别 12）',
  ],
  [
    'cannot connect to the source cluster at a:9092,b:9092: Local: Broker transport failure. Check host and port, that the broker runs, that its advertised listeners can be reached from this computer, and that security.protocol fits the port',
    '无法连接源集群 a:9092,b:9092：与 broker 的连接失败。请检查主机和端口、broker 是否在运行、其 advertised.listeners 从本机是否可达，以及 security.protocol 是否与端口相符',
  ],
  ["the source has no topic 'orders', 'payments' and 3 more (or this user may not see it)", "源上没有主题 'orders', 'payments' 等，另有 3 项（或此用户无权查看）"],
  ["2 target topics hold data: 'a' (5 offsets); 'b' (17 offsets)", "2 个目标主题中已有数据：'a'（5 个偏移量）；'b'（17 个偏移量）"],
  [
    "1 topic exist with enough partitions; 'b' will be created with 6 partitions, replication factor 3",
    '1 个主题已存在且分区数足够；将创建“b”，6 个分区，副本数 3',
  ],
  [
    "'a' will be created with 8 partitions, replication factor 3; 'b' will be created with 1 partition, replication factor 3; 'c' exploded",
    "将创建“a”，8 个分区，副本数 3；将创建“b”，1 个分区，副本数 3；'c' exploded",
  ],
  ["'a' holds records of 2020-01-01T00:00:00Z, 'b' keeps them for 7 days (retention.ms=604800000), until 2020-01-08T00:00:00Z", '“a”中有 2020-01-01T00:00:00Z 的记录，而“b”只保留 7 天（retention.ms=604800000），到 2020-01-08T00:00:00Z 为止'],
  [
    '9000 offsets take about 2.5 min at the measured speed of reading (12.3 MB in 1.5 s, one partition), 60 records/s; the source gains about 3 offsets/s',
    '9000 个偏移量按实测读取速度（1.5 秒内 12.3 MB，单个分区）（每秒 60 条）约需 2.5 分钟；源每秒约新增 3 个偏移量',
  ],
])('a pre-check says in Chinese: %s', (english, chinese) => expect(say(english)).toBe(chinese));

test.each([
  ['a is 10.0.0.1, ::1; b is 10.0.0.2', 'a 的地址为 10.0.0.1, ::1；b 的地址为 10.0.0.2'],
  [
    'a:9092: connection refused: nothing listens there, check port and broker; b:9092: no answer: a firewall may drop the packets, or the host is down',
    'a:9092：连接被拒绝：该地址没有监听，请检查端口和 broker；b:9092：没有应答：数据包可能被防火墙丢弃，或主机已停机',
  ],
  [
    'a: the name could not be resolved (failed to lookup address information: Name or service not known); check the spelling, the DNS server, and whether a VPN is needed',
    'a：无法解析主机名（查询地址失败：未知的主机名或服务）；请检查拼写、DNS 服务器，以及是否需要 VPN',
  ],
  ["the brokers' requests are those of Kafka 2.3 to 2.6; zstd compression is missing (it came with 2.1)", 'broker 支持的请求与此版本一致：Kafka 2.3 至 2.6；缺少 zstd 压缩（自 2.1 起支持）'],
  [
    'the broker refused the login: check mechanism, user name and password (sasl_ssl://a:9093/bootstrap: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512 (after 312ms in state AUTH_REQ))',
    'broker 拒绝了登录：请检查登录机制、用户名和密码（sasl_ssl://a:9093/bootstrap：SASL 认证错误：认证失败：SASL 机制 SCRAM-SHA-512 的凭据无效（处于 AUTH_REQ 状态 312 毫秒后））',
  ],
])('a connection test says in Chinese: %s', (english, chinese) => expect(say(english)).toBe(chinese));

test.each([
  ['the name must have 1 to 64 characters, this one has 0; give at least one broker as host:port', '名称须为 1 至 64 个字符，现为 0 个；请至少填写一个 broker，格式为 host:port'],
  ["'a' is no bootstrap address: the port is missing; write host:port", '“a”不是有效的 bootstrap 地址：缺少端口；请填写 host:port'],
  ["the environment's name must have 1 to 16 characters, this one has 0; 'a' is no bootstrap address: the port is missing; write host:port", '环境名称须为 1 至 16 个字符，现为 0 个；“a”不是有效的 bootstrap 地址：缺少端口；请填写 host:port'],
  ["'client.rak' cannot be set here; did you mean 'client.rack'?", '“client.rak”不能在此设置；是否指“client.rack”？'],
  ["the task is running, and 'delete' is not allowed then; allowed are: pause, terminate, copy", '任务运行中，此时不允许“删除”；允许的操作：暂停、终止、复制'],
  ["there is no task 'a shop's topics'; list them to see the names", '没有任务“a shop\'s topics”；请在列表中查看名称'],
  ["the data source is used by task 'a shop's topics'; delete it first", "该数据源正被任务 'a shop's topics' 使用；请先删除它"],
  ["the data source is used by tasks 'a', 'b' and 2 more; delete tasks 'a', 'b' and 2 more first", "该数据源正被任务 'a', 'b' 等，另有 2 项 使用；请先删除任务 'a', 'b' 等，另有 2 项"],
])('fields and commands say in Chinese: %s', (english, chinese) => expect(say(english)).toBe(chinese));

test.each([
  [
    '2 of 6 partitions do not go on; orders-0: orders-0: this user may not read the source topic; give it READ (Broker: Topic authorization failed); trying again',
    '6 个分区中有 2 个无法继续；orders-0：orders-0：此用户无权读取源主题；请授予其 READ 权限（broker：主题授权失败）；正在重试',
  ],
  ['reading the topic list on the target cluster failed: Local: Timed out; trying again in 4 s', '在目标集群上读取主题列表失败：超时；4 秒后重试'],
  ['gap: [5, 9) cannot be read any more in orders-0 (deleted by retention or DeleteRecords before it was read)', '缺口：orders-0 中的 [5, 9) 已无法读取（在读取之前被保留期或 DeleteRecords 删除）'],
  ['the task is paused', '任务已暂停'],
  ['added orders, payments; removed old', '新增 orders, payments；移除 old'],
])('a task and its log say in Chinese: %s', (english, chinese) => expect(say(english)).toBe(chinese));

test.each([
  ['Different: 1 of 6 partitions differ, 900 records compared (2 missing, 1 null empty)', '不一致：6 个分区中有 1 个存在差异，比较了 900 条记录（缺失 2 条、null 与空值不同 1 条）'],
  ['source key "a; b" at offset 5; target key null at offset 6', '源键 "a; b"，偏移量 5；目标键 null，偏移量 6'],
  ['source value "a" at offset 5; target value null at offset 6', '源值 "a"，偏移量 5；目标值 null，偏移量 6'],
  ['Task "orders" is 2 hours 5 minutes behind', '任务“orders”延迟 2 小时 5 分钟'],
  [
    'The task has met an error and has retried by itself for 5 minutes.\nReason: Local: Timed out\nCheck that both clusters can be reached; the task goes on by itself when they can.',
    '任务遇到错误，已自动重试 5 分钟。\n原因：超时\n请检查两个集群是否可达；可达后任务会自动继续。',
  ],
])('verification and alerts say in Chinese: %s', (english, chinese) => expect(say(english)).toBe(chinese));

test.each(['zzz is broken; yyy is not', 'Task zzz does something new', "'zzz' exploded: again. And again.", '', 'a\nb', '已经是中文'])(
  'what no template is known for stays as it is: %s',
  (text) => expect(say(text)).toBe(text),
);

test.each([': ', '; ', '. ', ', ', ' (', "', '", ' "', '.'])('text with many of %j is taken apart in reasonable time', (separator) => {
  const text = `cannot connect ${`zzz${separator}`.repeat(200)}nothing can be copied`;
  expect(say(text)).toContain('zzz');
});

test('the part of a sentence that is not known stays in English', () => {
  expect(say('nothing can be copied; zzz yyy')).toBe('无法复制任何内容；zzz yyy');
  expect(say('cannot connect to the target cluster: zzz yyy')).toBe('无法连接目标集群：zzz yyy');
});
