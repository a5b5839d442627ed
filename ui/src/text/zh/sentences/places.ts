import type { Sentence } from '../../sentences';

/** Other computers, and why one cannot be reached. */
export const places: Sentence[] = [
  ['ssh cannot be started here ({*reason}): install OpenSSH\'s client, or name another program in the environment variable SLUICE_SSH', '无法在本机启动 ssh（{reason}）：请安装 OpenSSH 客户端，或在环境变量 SLUICE_SSH 中指定其他程序'],
  ['the data folder cannot be named in a command: {*reason}', '命令中无法指定该数据文件夹：{reason}'],
  [
    "'{host}' has another host key than before: it was set up again, or another computer answers in its name. Nothing was sent. Ask its administrator, and only if the new key is right forget the old one: ssh-keygen -R {same}",
    '“{host}”的主机密钥与以前不同：它可能已重新安装，也可能是另一台计算机冒用其名称。未发送任何内容。请询问其管理员，仅当新密钥正确时才删除旧密钥：ssh-keygen -R {same}',
  ],
  [
    "the host key of '{host}' is not known here: connect once in a terminal, compare the key's fingerprint and accept it: ssh {same}",
    '本机不认识“{host}”的主机密钥：请在终端中连接一次，核对密钥指纹并接受：ssh {same}',
  ],
  [
    "'{host}' refuses the login ({words}): it must work in a terminal without a question (ssh {same}). Put your public key there with ssh-copy-id, and load a key that has a passphrase with ssh-add",
    '“{host}”拒绝登录（{words}）：必须能在终端中无需任何提问即可登录（ssh {same}）。请用 ssh-copy-id 将公钥放到该主机，并用 ssh-add 加载有口令的密钥',
  ],
  [
    "`sluice` was not found on '{host}': install it there where commands of ssh find it, as in /usr/local/bin (docs/guide/places.md has the commands)",
    '在“{host}”上找不到 `sluice`：请将其安装在 ssh 的命令能找到的位置，例如 /usr/local/bin（命令见 docs/guide/places.md）',
  ],
  ["`sluice` cannot be started on '{host}': {*words}", '无法在“{host}”上启动 `sluice`：{words}'],
  ["`sluice` on '{host}' is too old to be driven from here: install version {version} there", '“{host}”上的 `sluice` 版本过旧，无法从本机操作：请在该主机上安装版本 {version}'],
  [
    "`sluice` on '{host}' is version {there}, which is driven another way than version {here} does: update Sluice here",
    '“{host}”上的 `sluice` 版本为 {there}，其操作方式与版本 {here} 不同：请更新本机的 Sluice',
  ],
  [
    "'{host}' cannot be reached: {words}. Look at the name, at the network, and whether its ssh server runs",
    '无法连接“{host}”：{words}。请检查名称、网络以及其 ssh 服务是否在运行',
  ],
  ["Sluice on '{host}' cannot work: {*words}", '“{host}”上的 Sluice 无法工作：{words}'],
  ["'{host}' took the connection, but `sluice` did not answer there within {#seconds} s", '“{host}”已接受连接，但其上的 `sluice` 在 {seconds} 秒内没有响应'],
  [
    "'{host}' took the connection, but what came is not an answer of `sluice`: do the scripts of its login shell print something?",
    '“{host}”已接受连接，但收到的不是 `sluice` 的响应：其登录 shell 的脚本是否会输出内容？',
  ],
  ["ssh to '{host}' ended: {*words}", '到“{host}”的 ssh 已结束：{words}'],
  ["the connection to '{host}' is lost: nothing came for {#seconds} s", '到“{host}”的连接已断开：{seconds} 秒内没有收到任何内容'],
  ["the connection to '{host}' is lost: {*words}", '到“{host}”的连接已断开：{words}'],
  ['it ended with code {#code} and said nothing', '它以代码 {code} 结束，没有任何说明'],
  ['it was ended and said nothing', '它被终止，没有任何说明'],
  ['it was closed here', '已在本机关闭'],
  [
    "Sluice on '{host}' is version {there} and does not know {@command}; here is version {here}: install that there",
    '“{host}”上的 Sluice 版本为 {there}，没有 {command} 命令；本机版本为 {here}：请在该主机上安装此版本',
  ],
  [
    "the connection to '{host}' was lost before the answer came: look there whether it was carried out before you repeat it",
    '到“{host}”的连接在收到响应之前断开：请先在该主机上查看操作是否已执行，再重复操作',
  ],
  ["'{host}' is being connected to; try again in a moment", '正在连接“{host}”，请稍后重试'],

  // What is entered.
  ['the host is missing; write user@host, or user@host:/data/folder', '缺少主机；请写成 user@host 或 user@host:/data/folder'],
  ["a host must not begin with '-'; write user@host, or user@host:/data/folder", '主机不能以“-”开头；请写成 user@host 或 user@host:/data/folder'],
  ["'{host}' is not a host: neither blanks nor control characters may be in it", '“{host}”不是主机：不能含有空格或控制字符'],
  ['a host is written as user@host, without ://; a port belongs into ~/.ssh/config', '主机写成 user@host，不带 ://；端口应写在 ~/.ssh/config 中'],
  ['a data folder must not have control characters in its name', '数据文件夹的名称不能含有控制字符'],
  ["'{folder}' cannot be looked up: write the whole path of the data folder, or one that begins with ~/", '无法查找“{folder}”：请写出数据文件夹的完整路径，或以 ~/ 开头的路径'],
  ['a name has 1 to {#n} characters', '名称为 1 至 {n} 个字符'],
  ["another place is called '{name}'", '另一个位置已使用名称“{name}”'],
  ['there are {#n} places already; remove one that is not used any more', '已有 {n} 个位置；请移除不再使用的位置'],
  ['the places cannot be read: {*reason}', '无法读取位置：{reason}'],
  ['{#n} programs hear of events already; end one of them and try again', '已有 {n} 个程序在接收事件；请结束其中一个后重试'],
  ['no thread for a connection: {*reason}', '无法为连接创建线程：{reason}'],
];
