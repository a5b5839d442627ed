import type { Sentence } from '../../sentences';

/** What is said of a client configuration or a URL that a data source is imported from. */
export const importing: Sentence[] = [
  ['no brokers are named: add them as host:port', '没有指定 broker：请以 host:port 添加'],
  ['no SASL mechanism is named: choose the one that the brokers use', '没有指定 SASL 机制：请选择 broker 所用的机制'],
  ["'{key}' is left out: Sluice sets it itself", '“{key}”已略去：由 Sluice 自行设置'],
  ["'{key}' is left out: it means something to Java's clients only", '“{key}”已略去：它只对 Java 客户端有意义'],
  ["'{name}' is left out: a data source has no place for it", '“{name}”已略去：数据源中没有对应的位置'],
  ['a property is left out: its name has characters that no property has', '一个属性已略去：其名称含有属性名中不会出现的字符'],
  ["'sasl.oauthbearer.method' is left out: tokens are fetched with client credentials (oidc)", '“sasl.oauthbearer.method”已略去：令牌以客户端凭据获取（oidc）'],
  [
    "'ssl.key.pem' is left out: save the private key as a PEM file and name it in the field key_file",
    '“ssl.key.pem”已略去：请将私钥保存为 PEM 文件，并在字段 key_file 中指定',
  ],
  [
    "'ssl.keystore.location' is left out: certificate and private key are needed as PEM. Convert it with: openssl pkcs12 -in '{path}' -out client.pem, and name client.pem in the fields certificate_file and key_file",
    "“ssl.keystore.location”已略去：证书和私钥须为 PEM 格式。请用以下命令转换：openssl pkcs12 -in '{path}' -out client.pem，并在字段 certificate_file 和 key_file 中指定 client.pem",
  ],
  ["'{name}' is a command that runs on this computer at each login: keep it only if you trust where it comes from", '“{name}”是每次登录时在本机运行的命令：只有信任其来源时才保留'],
  [
    'credentials are set, but security.protocol is {@protocol}: they are not used. Set security.protocol to SASL_SSL or SASL_PLAINTEXT if the brokers ask for a user',
    '已设置凭据，但 security.protocol 为 {protocol}：不会登录。如果 broker 要求用户登录，请将 security.protocol 设为 SASL_SSL 或 SASL_PLAINTEXT',
  ],
  [
    'certificates or keys are set, but security.protocol is {@protocol}: the connection is not encrypted. Set security.protocol to SSL or SASL_SSL if the brokers use TLS',
    '已设置证书或密钥，但 security.protocol 为 {protocol}：连接不会加密。如果 broker 使用 TLS，请将 security.protocol 设为 SSL 或 SASL_SSL',
  ],
  ["'request.timeout.ms' is taken as {#ms}, the longest possible", '“request.timeout.ms”取为 {ms}，即可用的最大值'],
  [
    'the URL has a user and no security protocol: SASL_SSL is taken; choose SASL_PLAINTEXT if the brokers do not use TLS',
    'URL 中有用户但没有安全协议：取为 SASL_SSL；如果 broker 不使用 TLS，请选择 SASL_PLAINTEXT',
  ],
  ['the URL has a user and no SASL mechanism: PLAIN is taken; choose another if the brokers use one', 'URL 中有用户但没有 SASL 机制：取为 PLAIN；如果 broker 使用其他机制，请另行选择'],
  [
    'the URL has a user, but the security protocol is {@protocol}: the login is not used. Choose SASL_SSL or SASL_PLAINTEXT if the brokers ask for a user',
    'URL 中有用户，但安全协议为 {protocol}：不会登录。如果 broker 要求用户登录，请选择 SASL_SSL 或 SASL_PLAINTEXT',
  ],
  ['the bootstrap URL {!problem}', 'bootstrap URL {problem}'],
  [
    'has an unknown scheme: write kafka://, PLAINTEXT://, SSL://, SASL_PLAINTEXT:// or SASL_SSL://',
    '的协议前缀未知：请写作 kafka://、PLAINTEXT://、SSL://、SASL_PLAINTEXT:// 或 SASL_SSL://',
  ],
  [
    'cannot be taken apart: write special characters of user, password and values percent-encoded (@ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25, a comma as %2C)',
    '无法解析：用户名、密码和值中的特殊字符请用百分号编码（@ 为 %40，: 为 %3A，/ 为 %2F，? 为 %3F，# 为 %23，% 为 %25，逗号为 %2C）',
  ],
  ["has a part behind '?' that is no name=value: write for example ?security=SASL_SSL&mechanism=PLAIN", '在“?”之后有不是 name=value 的部分：例如应写作 ?security=SASL_SSL&mechanism=PLAIN'],
  [
    'has a malformed address: write kafka://host:port,host:port with ports from 1 to 65535, IPv6 in brackets',
    '的地址格式有误：请写作 kafka://host:port,host:port，端口为 1 至 65535，IPv6 写在方括号内',
  ],
  ["names two security protocols, in its scheme and behind '?': leave one of them", '在前缀和“?”之后指定了两个安全协议：请只保留一个'],
  ['has addresses with different schemes: all brokers of a data source have one security protocol', '的各地址前缀不同：同一数据源的所有 broker 使用同一种安全协议'],
  [
    'has a path, which means nothing here: end it behind the last port, or write / as %2F if it belongs to a password',
    '带有路径，在此没有意义：请在最后一个端口处结束；如果“/”属于密码，请写作 %2F',
  ],
  ["has no user before its '@'; write user:password@host:port", '的“@”之前没有用户；请写作 user:password@host:port'],
  ["has a '%' that two hexadecimal digits do not follow; write a percent sign as %25", '中有“%”后面不是两位十六进制数字；百分号请写作 %25'],
  ['has percent-encoded bytes that are no UTF-8; encode the text as UTF-8', '中有不是 UTF-8 的百分号编码；请按 UTF-8 编码'],
  ['the current directory cannot be read ({*error}): change to one that exists', '无法读取当前目录（{error}）：请切换到存在的目录'],
  ["the client configuration '{path}' cannot be read: {*reason}", '无法读取客户端配置“{path}”：{reason}'],
  ["in the client configuration '{path}': {*error}", '客户端配置“{path}”：{error}'],
  ['line {#line} {!reason}', '第 {line} 行{reason}'],
  [
    "the environment variable '{variable}' that '{key}' takes its value from is not set: set it, for example with export {@again}=…",
    '“{key}”取值所用的环境变量“{variable}”未设置：请设置它，例如 export {again}=…',
  ],
  ["the file '{path}' that '{key}' names cannot be read: {*reason}", '无法读取“{key}”指定的文件“{path}”：{reason}'],
  ["'{key}' {!problem}", '“{key}”{problem}'],
  ["names '{path}', which is no PEM file. Convert it, for example with: {fix}", '指定的“{path}”不是 PEM 文件。请转换，例如：{fix}'],
  [
    "names the PKCS#12 trust store '{path}', and certificates are needed as PEM. Convert it with: {command} (or: {other}), and set ssl.ca.location=ca.pem instead",
    '指定了 PKCS#12 信任库“{path}”，而证书须为 PEM 格式。请用以下命令转换：{command}（或：{other}），并改设 ssl.ca.location=ca.pem',
  ],
  [
    "names the Java trust store '{path}', which only Java can read. Convert it with: {command}, and set ssl.ca.location=ca.pem instead",
    '指定了 Java 信任库“{path}”，只有 Java 能读取。请用以下命令转换：{command}，并改设 ssl.ca.location=ca.pem',
  ],
  [
    "names the Java key store '{path}', which only Java can read. Convert it with: {command}, and set ssl.keystore.location=client.p12 instead",
    '指定了 Java 密钥库“{path}”，只有 Java 能读取。请用以下命令转换：{command}，并改设 ssl.keystore.location=client.p12',
  ],
  ['is no PEM text: it must go from -----BEGIN …----- to the matching -----END …-----', '不是 PEM 文本：须从 -----BEGIN …----- 到对应的 -----END …-----'],
  ['names a path that is not UTF-8; move the file', '指定的路径不是 UTF-8；请移动该文件'],
  ["has no key before its '='; write key=value", '的“=”之前没有键；请写作 key=value'],
  ['has a key without a value; write key=value', '有键没有值；请写作 key=value'],
  ['must be a number of milliseconds', '须为毫秒数'],
  ['has no {@option} for {@login}; add {example}', '缺少 {login} 所需的 {option}；请添加 {example}'],
  [
    'uses OAuth without sasl.oauthbearer.token.endpoint.url: only tokens fetched with client credentials are supported. Add the address of the token endpoint, with clientId and clientSecret in the login module',
    '使用 OAuth 但没有 sasl.oauthbearer.token.endpoint.url：只支持以客户端凭据获取的令牌。请添加令牌端点的地址，并在登录模块中填写 clientId 和 clientSecret',
  ],
  [
    'uses {@other}, which has no counterpart outside of Java. Supported are PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule with client credentials, and Krb5LoginModule; use a user with one of them (on Amazon MSK: SASL/SCRAM)',
    '使用了 {other}，它在 Java 之外没有对应实现。支持 PlainLoginModule、ScramLoginModule、使用客户端凭据的 OAuthBearerLoginModule 以及 Krb5LoginModule；请使用采用其中之一的用户（Amazon MSK 上为 SASL/SCRAM）',
  ],
  ['has an escape \\u that is not followed by four hexadecimal digits', '中有转义 \\u 后面不是四位十六进制数字'],
  ['has an option without a value; write name="value"', '有选项没有值；请写作 name="value"'],
  ["does not end with ';'", '没有以“;”结尾'],
  ['has a value without a name; write name="value"', '有值没有名称；请写作 name="value"'],
  ['has more than one login module; leave only the one for this connection', '有多个登录模块；请只保留此连接所用的一个'],
  ['has a quote that is not closed', '有未闭合的引号'],
];
