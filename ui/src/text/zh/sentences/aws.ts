import type { Sentence } from '../../sentences';

/** Logging in to Amazon MSK as an identity of AWS. */
export const aws: Sentence[] = [
  [
    "no AWS credentials were found: not in the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in the profile '{profile}' of {files}, and this computer is neither an AWS container nor an EC2 instance with a role ({*instance}). Run 'aws configure', or name a profile",
    '没有找到 AWS 凭据：环境变量 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY 中没有，{files} 的配置文件“{profile}”中也没有，本机既不是 AWS 容器，也不是带有角色的 EC2 实例（{instance}）。请运行“aws configure”，或指定一个配置文件',
  ],
  ['the variable {@variable} is set and {@missing} is not: set both, or neither', '已设置环境变量 {variable}，但未设置 {missing}：请两者都设置，或都不设置'],
  [
    "there is no AWS profile '{profile}' in {files}: run 'aws configure --profile {again}', or name another one",
    '{files} 中没有 AWS 配置文件“{profile}”：请运行“aws configure --profile {again}”，或指定另一个',
  ],
  ["the file '{path}' with {*what} cannot be read: {*reason}", '无法读取含有{what}的文件“{path}”：{reason}'],
  ['AWS profiles', ' AWS 配置文件'],
  ["the container's token", '容器令牌'],
  ['the web identity token', ' Web 身份令牌'],
  ["this computer's clock is not at a time that AWS can be shown: set it", '本机时钟的时间无法用于 AWS：请校准时钟'],
  ['the look for AWS credentials broke off', '查找 AWS 凭据的过程中断了'],

  // Profiles.
  ["the AWS profile '{profile}' {!problem}", 'AWS 配置文件“{profile}”{problem}'],
  [
    'has no credentials: it needs aws_access_key_id and aws_secret_access_key, role_arn, or credential_process',
    '没有凭据：它需要 aws_access_key_id 和 aws_secret_access_key、role_arn 或 credential_process',
  ],
  ['has one of aws_access_key_id and aws_secret_access_key alone: write both', '只有 aws_access_key_id 和 aws_secret_access_key 中的一个：请两个都写上'],
  [
    'takes its credentials from profiles that take them from it: end the circle of source_profile',
    '取用凭据的配置文件又反过来取用它的凭据：请解除 source_profile 的循环',
  ],
  [
    "logs in through a browser (IAM Identity Center), which only AWS's own command does: add a profile with credential_process = aws configure export-credentials --profile {name}, and name that one",
    '通过浏览器登录（IAM Identity Center），只有 AWS 自身的命令能做到：请添加一个配置文件，写上 credential_process = aws configure export-credentials --profile {name}，并指定该配置文件',
  ],
  [
    'asks for the code of a device (mfa_serial), which nobody can enter here: name a profile without it',
    '要求输入设备验证码（mfa_serial），而此处无法输入：请指定没有此要求的配置文件',
  ],
  ['is the source of another one and has no credentials', '是另一个配置文件的来源，但没有凭据'],
  [
    'has a role_arn and neither source_profile nor credential_source: say with whose credentials the role is taken on',
    '有 role_arn，但没有 source_profile 或 credential_source：请指明以谁的凭据承担该角色',
  ],
  ['takes its credentials from {@source}, which has none', '从 {source} 取用凭据，但那里没有'],
  [
    'has an unknown credential_source: write Environment, EcsContainer or Ec2InstanceMetadata',
    '的 credential_source 未知：请填写 Environment、EcsContainer 或 Ec2InstanceMetadata',
  ],
  ['has a credential_process that {!problem}', '的 credential_process {problem}'],
  ['cannot be run: {*error}', '无法运行：{error}'],
  ['prints nothing', '没有任何输出'],
  ['cannot be waited for: {*error}', '无法等待其结束：{error}'],
  ['failed ({status}): run it in a terminal to see why', '失败了（{status}）：请在终端中运行它以查看原因'],
  ['printed something else than credentials of version 1', '输出的不是版本 1 的凭据'],

  // Services.
  ["AWS's token service ({@host}) {!problem}", 'AWS 令牌服务（{host}）{problem}'],
  ['the metadata service of EC2 {!problem}', 'EC2 元数据服务{problem}'],
  ['the credentials service of the container {!problem}', '容器的凭据服务{problem}'],
  ["the credential_process of the AWS profile '{profile}' {!problem}", 'AWS 配置文件“{profile}”的 credential_process {problem}'],
  ['does not give the credentials of {@role}: {*reason}', '不提供 {role} 的凭据：{reason}'],
  ['gave no {@name}', '没有给出 {name}'],
  ['gave no credentials of the role {@role}', '没有给出角色 {role} 的凭据'],
  ['gave credentials whose end is no time', '给出的凭据的到期时间无法识别'],
  ["gave AWS credentials that are no longer valid: check this computer's clock", '给出的 AWS 凭据已失效：请检查本机时钟'],
  ['answered {#status}', '应答为 {status}'],
  ['was not found: its name could not be resolved', '未找到：无法解析其主机名'],
  ['did not answer within {#seconds} s', '在 {seconds} 秒内没有应答'],
  ['was not reached', '无法连接'],
  ['was not reached: {*error}', '无法连接：{error}'],
  ['was not reached: TLS failed: {*error}', '无法连接：TLS 失败：{error}'],
  ['could not be asked', '无法询问'],
  [
    'could not be asked: its address or what is sent to it has characters that none may have',
    '无法询问：其地址或要发送的内容含有不允许的字符',
  ],
  ['broke its answer off: {*error}', '的应答中断了：{error}'],
  ['is switched off by AWS_EC2_METADATA_DISABLED', '已被 AWS_EC2_METADATA_DISABLED 关闭'],
  ['knows of no role of this instance', '没有此实例的角色'],
  [
    'is named by AWS_CONTAINER_CREDENTIALS_FULL_URI at an address that is neither https nor one of this computer or of AWS',
    '由 AWS_CONTAINER_CREDENTIALS_FULL_URI 指定的地址既不是 https，也不属于本机或 AWS',
  ],
];
