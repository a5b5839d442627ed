import type { Sentence } from '../../sentences';

/** Steps of a connection test. */
export const connectionTest: Sentence[] = [
  ['not tried: the test was cancelled', '未尝试：测试已取消'],
  ['not tried: an earlier step failed', '未尝试：前面的步骤失败了'],
  ['the probe ended early', '测试提前结束'],

  ['{@host} is {%ips}', '{host} 的地址为 {ips}'],
  ['{*names}; check the spelling, the DNS server, and whether a VPN is needed', '{names}；请检查拼写、DNS 服务器，以及是否需要 VPN'],
  ['the name could not be resolved ({*words})', '无法解析主机名（{words}）'],
  ['no answer from the name server', 'DNS 服务器没有应答'],
  ['the name has no address', '该主机名没有对应的地址'],
  ['connection refused: nothing listens there, check port and broker', '连接被拒绝：该地址没有监听，请检查端口和 broker'],
  ['no answer: a firewall may drop the packets, or the host is down', '没有应答：数据包可能被防火墙丢弃，或主机已停机'],
  ['unreachable: there is no route from here, check network and VPN', '不可达：从本机没有路由，请检查网络和 VPN'],
  ['the connection attempt broke off', '连接尝试中断'],

  // The way by an address map or a proxy.
  ['{@place} leads to {@hop} by the address map, and {@host} is {%ips}', '{place} 按地址映射连接到 {hop}，{host} 的地址为 {ips}'],
  ['the SOCKS5 proxy {@hop} is {%ips}, and looks up the names of brokers', 'SOCKS5 代理 {hop} 的地址为 {ips}，broker 的主机名由它解析'],
  [
    '{#n} of {#all} bootstrap addresses accept connections through the SOCKS5 proxy {@proxy}',
    '{all} 个 bootstrap 地址中有 {n} 个经由 SOCKS5 代理 {proxy} 接受连接',
  ],
  [
    "this machine is {%ips} to the SOCKS5 proxy {@proxy}; the brokers see the proxy's address",
    '对 SOCKS5 代理 {proxy} 而言，本机地址为 {ips}；broker 看到的是代理的地址',
  ],
  ['the address map leads to {@reachable}: {*reason}', '地址映射指向 {reachable}：{reason}'],
  ['the SOCKS5 proxy {@proxy}: {*reason}', 'SOCKS5 代理 {proxy}：{reason}'],
  ['the SOCKS5 proxy {@proxy}: the name could not be resolved ({*words})', 'SOCKS5 代理 {proxy}：无法解析主机名（{words}）'],
  ['the address map leads to {@reachable}: the name could not be resolved ({*words})', '地址映射指向 {reachable}：无法解析主机名（{words}）'],
  ['connection refused: nothing listens there, check its address', '连接被拒绝：该地址没有监听，请检查代理的地址'],
  ['it asks for a login: give user and password of the proxy', '它要求登录：请填写代理的用户名和密码'],
  ['it takes no login with user and password', '它不接受以用户名和密码登录'],
  ['what listens there is not a SOCKS5 proxy', '在那里监听的不是 SOCKS5 代理'],
  ['it refuses the user or the password', '它拒绝了用户名或密码'],
  ['the {*what} for it must have 1 to 255 bytes', '用于它的{what}须为 1 至 255 个字节'],
  ["the broker's name is longer than 255 bytes, which SOCKS5 cannot carry", 'broker 的主机名超过 255 个字节，SOCKS5 无法传递'],
  ['its answer is malformed', '它的应答格式有误'],
  ['its rules forbid this connection', '它的规则禁止此连接'],
  ["it has no way to the broker's network", '它无法到达 broker 所在的网络'],
  ["it has no way to the broker's host, or does not know its name", '它无法到达 broker 的主机，或不认识其主机名'],
  ["the broker's host refused the connection", 'broker 的主机拒绝了连接'],
  ['the connection took too long', '连接耗时过长'],
  ['it does not make connections', '它不建立连接'],
  ['it does not know this kind of address', '它不认识这种地址'],
  ['it failed', '它失败了'],
  ['no answer in time: it is not a SOCKS5 proxy, or does not reach {@target}', '未及时应答：它不是 SOCKS5 代理，或到不了 {target}'],
  ['the connection to it ended: {*words}', '与它的连接已断开：{words}'],
  ['the name has no IPv4 address', '该主机名没有对应的 IPv4 地址'],
  ['the name has no IPv6 address', '该主机名没有对应的 IPv6 地址'],
  ['{#n} of {#all} bootstrap addresses accept connections', '{all} 个 bootstrap 地址中有 {n} 个接受连接'],

  ['{@place} does not speak TLS: choose PLAINTEXT or SASL_PLAINTEXT', '{place} 不使用 TLS：请选择 PLAINTEXT 或 SASL_PLAINTEXT'],
  ['{@place} speaks TLS: choose SSL or SASL_SSL', '{place} 使用 TLS：请选择 SSL 或 SASL_SSL'],
  [
    '{@place} closed the connection: it may expect TLS (choose SSL or SASL_SSL) or a login (SASL_PLAINTEXT)',
    '{place} 关闭了连接：它可能要求 TLS（请选择 SSL 或 SASL_SSL）或登录（SASL_PLAINTEXT）',
  ],
  ["{@place} answers, but not as a Kafka broker does: check that the port is a broker's", '{place} 有应答，但不像 Kafka broker：请确认该端口属于 broker'],
  ['the connection is encrypted, and the certificates are accepted', '连接已加密，证书已被接受'],
  ['not used: the connection is not encrypted', '未使用：连接未加密'],
  ['the login with {@mechanism} is accepted', '{mechanism} 登录成功'],
  ['not used: there is no login with a user name', '未使用：不以用户名登录'],
  ['it is not known whether {*what} works: no answer before the deadline', '在时限内未能得知{what}是否可用'],
  ['the login', '登录'],
  ['TLS', ' TLS '],
  ['{#brokers} broker[s] and {#topics} topic[s] are visible', '可以看到 {brokers} 个 broker 和 {topics} 个主题'],
  ["the brokers' requests are those of Kafka {*version}", 'broker 支持的请求与此版本一致：Kafka {version}'],
  ['{#v} or later', '{v} 或更高版本'],
  ['{#a} or {#b}', '{a} 或 {b}'],
  ['{#a} to {#b}', '{a} 至 {b}'],
  ['the release is unknown: the broker announces no Fetch request', '版本未知：broker 没有公布 Fetch 请求'],
  ['the release is not known on this connection', '此连接上无法得知版本'],
  ['record headers and transactions are missing (they came with 0.11)', '缺少记录头和事务（自 0.11 起支持）'],
  ['zstd compression is missing (it came with 2.1)', '缺少 zstd 压缩（自 2.1 起支持）'],
  ['it is 2.1 or later', '为 2.1 或更高版本'],
  ['{#n} of {#all} brokers are reachable at the addresses they advertise', '{all} 个 broker 中有 {n} 个可通过其公布的地址连接'],
  [
    '{*list}. The cluster sends clients to these addresses: open them in firewalls and DNS, have advertised.listeners of the brokers changed to addresses that are reachable from here, or give such addresses in the address map',
    '{list}。集群会让客户端连接这些地址：请在防火墙和 DNS 中放行，或将 broker 的 advertised.listeners 改为从本机可达的地址，或在地址映射中填写这样的地址',
  ],
  ['the cluster answers and names its brokers', '集群有应答，并给出了其 broker'],
  ['not tried: no broker is reachable at the address it advertises', '未尝试：没有 broker 可通过其公布的地址连接'],
  ['the connection is accepted, but no broker answers on it', '连接被接受，但没有 broker 应答'],
  ['this machine is {%ips} to the brokers: firewalls must let that address pass', '对 broker 而言，本机地址为 {ips}：防火墙须放行该地址'],

  // TLS.
  [
    "a certificate has expired: renew the brokers' certificate (or yours, if the broker says so), and check this machine's clock",
    '证书已过期：请更新 broker 的证书（若是 broker 这样报告，则更新你的证书），并检查本机时钟',
  ],
  ["a certificate is not yet valid: check this machine's clock and the certificate's start", '证书尚未生效：请检查本机时钟和证书的生效时间'],
  [
    "the certificate was made for another host name: connect with a name that it carries, or have the brokers' certificate renewed with this one",
    '证书是为其他主机名签发的：请用证书中的主机名连接，或让 broker 换用包含此主机名的证书',
  ],
  [
    "the certificate does not carry this IP address: connect with the host name, or have the brokers' certificate renewed with the address",
    '证书中不含此 IP 地址：请用主机名连接，或让 broker 换用包含此地址的证书',
  ],
  [
    "the certificate's authority is unknown here: give the CA certificate (PEM) that signed the brokers' certificates",
    '本机不认识证书的签发机构：请提供签发 broker 证书的 CA 证书（PEM）',
  ],
  [
    "the certificate was signed by another authority than the one given: give the CA certificate (PEM) that signed the brokers' certificates",
    '证书由另一个机构签发，与所提供的不符：请提供签发 broker 证书的 CA 证书（PEM）',
  ],
  [
    "the broker does not know the authority of your client certificate: use one that the broker's truststore accepts",
    'broker 不认识你的客户端证书的签发机构：请使用 broker 的 truststore 所接受的证书',
  ],
  [
    'the broker wants a client certificate, or does not accept yours: give certificate and key of a user that the broker trusts',
    'broker 要求客户端证书，或不接受你的证书：请提供 broker 信任的用户的证书和私钥',
  ],
  ['the broker wants a client certificate: give certificate and key of a user that the broker trusts', 'broker 要求客户端证书：请提供 broker 信任的用户的证书和私钥'],
  [
    'the broker refused the handshake, most often because it wants a client certificate: give certificate and key, or compare TLS versions and ciphers',
    'broker 拒绝了 TLS 握手，多半是因为要求客户端证书：请提供证书和私钥，或核对 TLS 版本和加密套件',
  ],
  ["the brokers' certificate could not be verified: give the CA certificate (PEM) that signed it", '无法验证 broker 的证书：请提供签发它的 CA 证书（PEM）'],
  ['the port does not speak TLS: choose PLAINTEXT or SASL_PLAINTEXT', '该端口不使用 TLS：请选择 PLAINTEXT 或 SASL_PLAINTEXT'],
  [
    "TLS could not be set up: check CA certificate, client certificate and the listener's TLS settings",
    '无法建立 TLS：请检查 CA 证书、客户端证书以及监听器的 TLS 设置',
  ],

  // Login and metadata.
  ['the broker does not offer this login mechanism: choose one that it names', 'broker 不提供这种登录机制：请选择它列出的机制'],
  ['there is no token to log in with, so no broker was asked', '没有可用于登录的令牌，因此没有询问任何 broker'],
  ['the broker refused the login: check mechanism, user name and password', 'broker 拒绝了登录：请检查登录机制、用户名和密码'],
  ['the login works, but the user may not describe the cluster: grant it Describe', '登录成功，但该用户无权查看集群：请授予它 Describe 权限'],
  [
    'the broker closed the connection without a word: it may expect a login (choose SASL_PLAINTEXT or SASL_SSL), or TLS',
    'broker 没有说明就关闭了连接：它可能要求登录（请选择 SASL_PLAINTEXT 或 SASL_SSL）或 TLS',
  ],
  [
    'the port is open, but no broker answered in time: check that it is a Kafka listener, its security protocol, and what lies between (proxy, load balancer, firewall)',
    '端口已开放，但没有 broker 及时应答：请确认它是 Kafka 监听器，并检查其安全协议以及中间环节（代理、负载均衡、防火墙）',
  ],

  // A look at topics and records.
  ['{@partition} was not read within {#s} s: check that its leader is reachable', '{partition} 在 {s} 秒内未能读取：请检查其 leader 是否可达'],
  ['name a data source, or describe one', '请指定数据源，或填写其设置'],
  ['look at 1 to 100 records', '可查看 1 至 100 条记录'],
  ['enter what to look for', '请输入要查找的内容'],
];
