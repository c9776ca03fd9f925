/**
 * An endpoint on a socket of Node.js, with or without TLS. Headers, bodies, times and connections are bounded; a request
 * that breaks the bounds gets a 4xx or a closed connection, and the others do not notice. What Node's parser takes that
 * two readers could understand in two ways, a body in chunks, is refused too.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, isIPv6 } from "node:net";
import { type Endpoint, joined, MAX_BODY_BYTES, tooLarge } from "./endpoint.ts";
import { type Answer, refusal } from "./protocol.ts";

const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS = 100;
const MAX_CONNECTIONS = 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often the two above are looked after. */
const CHECK_EVERY_MS = 2000;
const KEEP_ALIVE_MS = 20_000;
/** Of a connection on which nothing moves, as when nobody reads the answer. */
const SILENCE_MS = 120_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** What running requests get when the server is told to stop. */
const GRACE_MS = 5000;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;
/** As which a socket for both families shows a client of the older one. */
const MAPPED_IPV4 = "::ffff:";

export interface ListenOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** An address or a name of this machine, as "0.0.0.0"; "127.0.0.1" by default. */
  readonly host?: string;
  /** PEM. Without it the endpoint speaks plain HTTP. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array };
}

export interface RunningServer {
  /** As "http://127.0.0.1:8080". */
  readonly url: string;
  /** Takes no new requests, lets those that run end, and resolves when the last connection is closed. */
  stop(): Promise<void>;
}

/**
 * Listens on a port.
 * @throws {TypeError} where nobody would be asked who they are, and others than this machine could call
 * @throws {Error} with a system code where it cannot listen, as EADDRINUSE, or for a certificate that is none
 */
export async function listen(endpoint: Endpoint, { port, host, tls }: ListenOptions): Promise<RunningServer> {
  const address = host ?? "127.0.0.1";
  if (endpoint.auth === "off" && !LOOPBACK.test(address)) {
    throw new TypeError(`Without signatures an endpoint listens on the loopback interface alone, not on ${address}.`);
  }
  let isStopping = false;
  const answering: Answering = { endpoint, isLast: () => isStopping };
  const server = createBounded(tls, (request, response) => serve(answering, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: address }, resolve);
  });
  server.on("error", () => undefined);
  const { port: itsPort } = server.address() as AddressInfo;
  const url = `${tls === undefined ? "http" : "https"}://${isIPv6(address) ? `[${address}]` : address}:${itsPort}`;
  const stopOnce = async () => {
    isStopping = true;
    await stop(server);
    endpoint.forget();
  };
  return { url, stop: stopOnce };
}

/** The same on the loopback interface. */
export function listenOnLoopback(endpoint: Endpoint, port: number): Promise<RunningServer> {
  return listen(endpoint, { port });
}

function createBounded(
  tls: ListenOptions["tls"],
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const options: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    requireHostHeader: true,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    noDelay: true,
  };
  const server =
    tls === undefined
      ? createServer(options, handle)
      : createTlsServer(
          {
            ...options,
            cert: tls.cert as Buffer,
            key: tls.key as Buffer,
            minVersion: "TLSv1.2",
            handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
          },
          handle,
        );
  // Node would leave out what is more than its limit; `serve` counts, and refuses.
  server.maxHeadersCount = 0;
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = SILENCE_MS;
  return server;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}

interface Answering {
  readonly endpoint: Endpoint;
  /** Whether connections end with their next answer. */
  isLast(): boolean;
}

function serve(answering: Answering, request: IncomingMessage, response: ServerResponse): void {
  const refused = refuseForm(request);
  if (refused !== undefined) send(response, refused, true);
  else readBody(request, (body) => void respond(answering, request, response, body));
}

async function respond(
  { endpoint, isLast }: Answering,
  { method = "", url: path = "", headers, rawHeaders, socket }: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
): Promise<void> {
  try {
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(",") : value;
    };
    const isSecure = "encrypted" in socket;
    const sourceIp = plainAddress(socket.remoteAddress);
    const answer = await endpoint.answer({ method, path, header, rawHeaders, body, sourceIp, isSecure });
    send(response, answer, isLast());
  } catch {
    response.destroy();
  } finally {
    body.fill(0);
  }
}

/** What is wrong with a request before its body is read. */
function refuseForm({ headers, rawHeaders }: IncomingMessage): Answer | undefined {
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    const text = `The request has more than ${MAX_HEADERS} headers.`;
    return refusal(431, "RequestHeaderFieldsTooLargeException", text, "");
  }
  if (headers["transfer-encoding"] !== undefined) {
    return refusal(400, "SerializationException", "Transfer-Encoding is not taken: send a Content-Length.", "");
  }
  if (Number(headers["content-length"]) > MAX_BODY_BYTES) return tooLarge("");
  return undefined;
}

/** The address as everybody writes it, by which conditions judge. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith(MAPPED_IPV4) && address.includes(".") ? address.slice(MAPPED_IPV4.length) : address;
}

function send(response: ServerResponse, { status, headers, body }: Answer, last: boolean): void {
  headers["content-length"] = String(Buffer.byteLength(body));
  if (last) headers.connection = "close";
  response.writeHead(status, headers);
  response.end(body);
}

/** Hands over the whole body, whose length is known. Of a client that goes away in the middle nobody hears any more. */
function readBody(request: IncomingMessage, use: (body: Uint8Array) => void): void {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  request.on("data", (chunk: Uint8Array) => {
    lengthBytes += chunk.length;
    chunks.push(chunk);
  });
  const wipe = () => {
    for (const chunk of chunks) chunk.fill(0);
  };
  request.on("end", () => {
    const [only] = chunks;
    if (only !== undefined && chunks.length === 1) return use(only);
    const body = joined(chunks, lengthBytes);
    // They were copied, and hold plaintexts.
    wipe();
    use(body);
  });
  request.on("error", wipe);
}
