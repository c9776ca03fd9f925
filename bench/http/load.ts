/**
 * The load generator: connections that are kept, on each one request at a time, signed before the clock starts. With a
 * rate, requests are due at fixed times, and an answer's time counts from when its request was due, so that a server
 * that stalls is charged for all who wait.
 */
import { connect, type Socket } from "node:net";
import type { Load, Measured } from "./protocol.ts";
import { makeRequests } from "./requests.ts";

/** Different requests, in turn. Their signatures hold for a quarter of an hour. */
const REQUESTS = 4000;
const END_OF_HEAD = Buffer.from("\r\n\r\n");
/** As in HTTP/1.1 200 */
const STATUS_AT = 9;

/** Runs what the parent asks for, one after the other. */
export function generateLoad(): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (load: Load) => void run(load).then((measured) => process.send!(measured)));
}

async function run({ target, connections, seconds, rate }: Load): Promise<Measured> {
  const requests = makeRequests(REQUESTS, target);
  const clients = await Promise.all(Array.from({ length: connections }, () => Client.connect(target.port)));
  const times: number[] = [];
  const started = performance.now();
  const cpu = process.cpuUsage();
  const endsAt = started + seconds * 1000;
  let sent = 0;
  let failures = 0;
  const turn = async (client: Client) => {
    while (performance.now() < endsAt) {
      const index = sent++;
      const dueAt = rate === undefined ? performance.now() : started + (index * 1000) / rate;
      if (dueAt > endsAt) return;
      await until(dueAt);
      const status = await client.ask(requests[index % requests.length]!);
      times.push(performance.now() - dueAt);
      if (status !== 200) failures++;
    }
  };
  await Promise.all(clients.map(turn));
  const spent = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const client of clients) client.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))]! * 1e6);
  const busy = (user + system) / 1e6 / spent;
  const [p50Ns, p99Ns, worstNs] = [at(0.5), at(0.99), at(1)];
  return { requests: times.length, seconds: spent, p50Ns, p99Ns, worstNs, failures, busy };
}

/** Timers are late by a millisecond, so the last one is waited for in turns of the event loop. */
async function until(dueAt: number): Promise<void> {
  const restMs = dueAt - performance.now();
  if (restMs > 2) await new Promise((resolve) => setTimeout(resolve, restMs - 1.5));
  while (performance.now() < dueAt) await new Promise(setImmediate);
}

/** One connection. */
class Client {
  readonly #socket: Socket;
  #received: Buffer | undefined;
  #answer: ((status: number) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("close", () => this.#answer?.(0));
  }

  static connect(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new Client(socket)));
      socket.on("error", reject);
    });
  }

  /** The status of the answer, 0 if there is none. */
  ask(request: Buffer): Promise<number> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    const all = this.#received === undefined ? bytes : Buffer.concat([this.#received, bytes]);
    const headEnd = all.indexOf(END_OF_HEAD);
    const length = headEnd < 0 ? undefined : /content-length: (\d+)/i.exec(all.toString("latin1", 0, headEnd))?.[1];
    if (length === undefined || all.length < headEnd + END_OF_HEAD.length + Number(length)) {
      this.#received = all;
      return;
    }
    this.#received = undefined;
    this.#answer!(Number(all.toString("latin1", STATUS_AT, STATUS_AT + 3)));
  }
}
