import type { start as en } from '../en/start';

export const start: typeof en = {
  title: '把 Kafka 主题从一个集群复制到另一个集群',
  intro: '启动前先检查，运行中看得见，完成后可证明。从下面任意一项开始。',
  demoTitle: '用两个演示集群试一试',
  demoText: '在本程序内启动两个小型 Kafka 集群，写入三个主题，并打开一个可以直接检查和启动的复制任务。',
  demoAction: '启动演示',
  demoNote: '无需安装任何东西，数据不会离开本机。',
  connectTitle: '连接你的集群',
  connectText: '填写 broker 和登录方式，保存之前可以逐步测试连接。',
  connectAction: '连接集群',
  connectNote: '先读后写：启动任务之前不会向任何集群写入。',
  importTitle: '导入配置',
  importText: '读取你已有的 client.properties、librdkafka 或 kcat 配置，或 broker 地址 URL。',
  importAction: '导入配置',
  importNote: '密码保存在本机的钥匙串中。',
  flowLabel: '记录从源集群经过闸门流向目标集群',
};
