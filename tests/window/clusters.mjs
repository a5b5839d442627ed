/** Real Apache Kafka on loopback, from this tree's test ground. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { childrenOf, isAlive } from './processes.mjs';
import { until } from './until.mjs';

const run = promisify(execFile);

/** A cluster of one broker. */
export class Cluster {
  #child;
  #ground;
  /** How the broker was started, while it is stopped. */
  #stopped;
  /** The broker that was started again; the test ground does not know it. */
  #again;

  /** Starts it; `portFile` is a file of its own. */
  static async start(ground, portFile, version = '4.3.1') {
    const cluster = new Cluster();
    cluster.#ground = ground;
    const { child, said } = await started(ground, portFile, `Kafka ${version} is up`, 'up', '--version', version);
    cluster.#child = child;
    cluster.bootstrap = said.bootstrap;
    return cluster;
  }

  async createTopic(name, partitions) {
    await this.#tool('org.apache.kafka.tools.TopicCommand', '--create', '--topic', name, '--partitions', String(partitions));
  }

  #tool(main, ...args) {
    return run(this.#ground, ['tool', '--version', '4.3.1', main, '--bootstrap-server', this.bootstrap, ...args]);
  }

  /** Writes `count` records to partitions of a topic, in turn. */
  async produce(topic, count, partitions) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const child = spawn('kcat', ['-P', '-b', this.bootstrap, '-t', topic, '-p', String(partition), '-K', ':'], { stdio: ['pipe', 'inherit', 'inherit'] });
      const share = Math.floor(count / partitions) + (partition < count % partitions ? 1 : 0);
      for (let number = 0; number < share; number += 1) child.stdin.write(`key-${partition}-${number}:value ${number} of ${topic}\n`);
      child.stdin.end();
      const [code] = await once(child, 'exit');
      if (code !== 0) throw new Error(`kcat ended with ${code}`);
    }
  }

  /** Stops its broker as an administrator would; what it holds stays. */
  async stopBroker() {
    const pid = this.#again?.pid ?? childrenOf(this.#child.pid).find((child) => /java/.test(commandOf(child)[0]));
    this.#stopped = { command: commandOf(pid), cwd: readlinkSync(`/proc/${pid}/cwd`) };
    process.kill(pid, 'SIGTERM');
    // The test ground never asks how its child ended, so it stays as a zombie.
    await until(() => !isAlive(pid), 'the broker has stopped', 60_000);
  }

  /** Starts it again on the same port with the same data. */
  async startBroker() {
    const { command, cwd } = this.#stopped;
    this.#again = spawn(command[0], command.slice(1), { cwd, stdio: 'ignore' });
    await until(() => this.#tool('org.apache.kafka.tools.TopicCommand', '--list'), 'the broker answers again', 60_000);
  }

  /** Ends it. */
  async stop() {
    this.#again?.kill('SIGKILL');
    if (!this.#child) return;
    const child = this.#child;
    this.#child = undefined;
    await ended(child);
  }
}

/** A worker of a Kafka Connect cluster, with MirrorMaker's connectors. */
export class ConnectWorker {
  #child;

  /** Starts it on the Kafka at `bootstrap`; `portFile` is a file of its own. */
  static async start(ground, portFile, bootstrap) {
    const worker = new ConnectWorker();
    const { child, said } = await started(ground, portFile, 'the worker answers', 'connect', '--on', bootstrap);
    worker.#child = child;
    worker.url = said.url;
    return worker;
  }

  /** Ends it. */
  stop() {
    return ended(this.#child);
  }
}

/** Starts what the test ground keeps until its standard input ends, so also when this process is killed; and what it said of itself. */
async function started(ground, portFile, what, ...args) {
  const child = spawn(ground, [...args, '--port-file', portFile], { stdio: ['pipe', 'ignore', 'inherit'] });
  const said = await until(() => JSON.parse(readFileSync(portFile, 'utf8')), what, 120_000);
  return { child, said };
}

async function ended(child) {
  child.stdin.end();
  if (child.exitCode === null) await once(child, 'exit');
}

function commandOf(pid) {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
}
