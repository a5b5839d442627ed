// Runs the test programs that cargo names on standard input (`cargo test --no-run --message-format=json`), two at a time: many end with
// one test that waits for a broker, and would leave the processors idle. What a program says is shown in one piece.
//
//     node scripts/test-programs.mjs THREADS
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

const AT_ONCE = 2;
const threads = process.argv[2] ?? '2';

const programs = [];
for await (const line of createInterface({ input: process.stdin })) {
    if (!line.startsWith('{')) continue;
    const said = JSON.parse(line);
    if (said.reason === 'compiler-artifact' && said.profile.test && said.executable) {
        programs.push({ folder: path.dirname(said.manifest_path), program: said.executable });
    }
}
if (programs.length === 0) {
    console.error('cargo named no test program');
    process.exit(1);
}

/** Runs one to its end; what it said, and how it ended. */
function run({ folder, program }) {
    return new Promise((ended) => {
        const began = Date.now();
        const said = [];
        const child = spawn(program, [`--test-threads=${threads}`, '--nocapture'], {
            cwd: folder,
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        child.stdout.on('data', (bytes) => said.push(bytes));
        child.stderr.on('data', (bytes) => said.push(bytes));
        child.on('error', (error) => ended({ text: String(error), how: 'could not be started', seconds: 0 }));
        child.on('close', (code, signal) => {
            const how = code === 0 ? '' : `ended with ${signal ?? code}`;
            ended({ text: Buffer.concat(said).toString(), how, seconds: Math.round((Date.now() - began) / 1000) });
        });
    });
}

let failed = false;
async function lane() {
    for (let next = programs.shift(); next; next = programs.shift()) {
        const { text, how, seconds } = await run(next);
        const name = path.basename(next.program);
        process.stdout.write(`     Running ${name}: ${seconds} s\n${text}\n`);
        if (how) {
            failed = true;
            process.stdout.write(`error: test failed: ${name} ${how}\n`);
        }
    }
}
await Promise.all(Array.from({ length: AT_ONCE }, lane));
process.exitCode = failed ? 1 : 0;
