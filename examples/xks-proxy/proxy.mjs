/**
 * An external key store proxy: what KMS calls, over HTTPS and signed, for each use of a key in an external key store.
 * Source: AWS KMS External Key Store Proxy API Specification, version 1.
 */
import { createServer } from "node:https";
import { createEngine } from "wasm-kms/engine";
import { createSignatureVerifier } from "wasm-kms/http";
import { decrypt, encrypt } from "./external-key.mjs";

const SERVICE = "kms-xks-proxy";
const WINDOW_MS = 5 * 60_000;
const MAX_BODY_BYTES = 65_536;
const MAX_TEXT_BYTES = 8192;
const MAX_METADATA_BYTES = 20;
const TIMEOUT_MS = 10_000;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What is wrong with a request, as the specification names it. */
class Refusal extends Error {
  constructor(status, name, message) {
    super(message);
    this.status = status;
    this.name = name;
  }
}

const invalid = (message) => new Refusal(400, "ValidationException", message);

/**
 * Makes a proxy, which listens when it is told to.
 * @param keyFile of `openKeyFile`
 * @param tls its certificate and key, in PEM
 * @param log hears of each request, without its plaintext
 */
export function createProxy({ keyFile, tls, log = () => {} }) {
  const engine = createEngine();
  let verifier;
  let keysOfVerifier;
  /** A verifier belongs to the access keys that it was made from. */
  const currentVerifier = ({ accessKeys }) => {
    if (keysOfVerifier !== accessKeys) {
      verifier?.close();
      verifier = createSignatureVerifier({
        engine,
        nowMs: Date.now,
        service: SERVICE,
        accessKeys,
        windowMs: WINDOW_MS,
      });
      keysOfVerifier = accessKeys;
    }
    return verifier;
  };

  const answer = async (request) => {
    const { method, url, headers, rawHeaders } = request;
    if (method !== "POST") throw new Refusal(405, "InvalidUriPathException", "Only POST is taken.");
    const body = await readBody(request);
    const { settings } = keyFile;
    const signed = { header: (name) => headers[name], rawHeaders, path: url, body };
    const signer = await currentVerifier(settings).verify(signed);
    if ("code" in signer) throw new Refusal(401, "AuthenticationFailedException", signer.message);
    return route(settings, url, body);
  };

  const server = createServer(
    { ...tls, minVersion: "TLSv1.2", requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS },
    async (request, response) => {
      const startedMs = performance.now();
      let status = 200;
      let members;
      try {
        members = await answer(request);
      } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal(500, "InternalException", "The proxy failed.");
        status = refusal.status;
        members = { errorName: refusal.name, errorMessage: refusal.message.replace(/[^ -~]/g, "?").slice(0, 500) };
      }
      const text = JSON.stringify(members);
      response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
      response.end(text);
      const tookMs = (performance.now() - startedMs).toFixed(1);
      log({ path: request.url, status, errorName: members.errorName, tookMs });
    },
  );
  server.maxConnections = 256;
  return {
    /** @returns the port */
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => resolve(server.address().port));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
        verifier?.close();
      }),
  };
}

/** Does what a request whose signature is right asks for. */
function route({ uriPath, keys }, url, body) {
  if (!url.startsWith(`${uriPath}/`)) throw notHere();
  const rest = url.slice(uriPath.length + 1);
  const [, keyId, operation] = /^keys\/([a-zA-Z0-9-_.]{1,128})\/(metadata|encrypt|decrypt)$/.exec(rest) ?? [];
  if (rest !== "health" && keyId === undefined) throw notHere();
  const members = readMembers(body);
  if (rest === "health") return health();
  const key = keys.get(keyId);
  if (key === undefined) throw new Refusal(404, "KeyNotFoundException", "There is no such key.");
  return { metadata, encrypt: encryptWith, decrypt: decryptWith }[operation](key, members);
}

function health() {
  return {
    xksProxyFleetSize: 1,
    xksProxyVendor: "wasm-kms",
    xksProxyModel: "wasm-kms example proxy 1",
    ekmVendor: "wasm-kms",
    ekmFleetDetails: [{ id: "key-file", model: "Keys in a file", healthStatus: "ACTIVE" }],
  };
}

function metadata({ enabled }) {
  return { keySpec: "AES_256", keyUsage: ["ENCRYPT", "DECRYPT"], keyStatus: enabled ? "ENABLED" : "DISABLED" };
}

function encryptWith(key, members) {
  checkUse(key, members);
  const plaintext = bytesIn(members, "plaintext");
  if (plaintext.length === 0) throw invalid("plaintext is empty.");
  const aad = bytesIn(members, "additionalAuthenticatedData", true);
  const wantsIntegrity = members.ciphertextDataIntegrityValueAlgorithm;
  if (wantsIntegrity !== undefined && wantsIntegrity !== "SHA_256") throw invalid("The integrity value is SHA_256.");
  const { ciphertext, metadata: ofKey, iv, tag, integrity } = encrypt(key, plaintext, aad);
  return {
    ciphertext: ciphertext.toString("base64"),
    ciphertextMetadata: ofKey.toString("base64"),
    initializationVector: iv.toString("base64"),
    authenticationTag: tag.toString("base64"),
    ...(wantsIntegrity && { ciphertextDataIntegrityValue: integrity.toString("base64") }),
  };
}

function decryptWith(key, members) {
  checkUse(key, members);
  const sealed = {
    ciphertext: bytesIn(members, "ciphertext"),
    metadata: bytesIn(members, "ciphertextMetadata", true),
    iv: bytesIn(members, "initializationVector"),
    tag: bytesIn(members, "authenticationTag"),
  };
  if (sealed.metadata.length > MAX_METADATA_BYTES) throw invalid("ciphertextMetadata has more than 20 bytes.");
  const plaintext = decrypt(key, sealed, bytesIn(members, "additionalAuthenticatedData", true));
  if (plaintext === undefined) throw new Refusal(400, "InvalidCiphertextException", "This key has not encrypted it.");
  return { plaintext: plaintext.toString("base64") };
}

function checkUse({ enabled }, { encryptionAlgorithm }) {
  if (encryptionAlgorithm !== "AES_GCM") throw invalid("encryptionAlgorithm is AES_GCM.");
  if (!enabled) throw new Refusal(400, "InvalidStateException", "The key is disabled.");
}

function bytesIn(members, name, isOptional = false) {
  const text = members[name] ?? (isOptional ? "" : undefined);
  if (typeof text !== "string" || !BASE64.test(text)) throw invalid(`${name} must be base64.`);
  const bytes = Buffer.from(text, "base64");
  if (bytes.length > MAX_TEXT_BYTES) throw new Refusal(501, "UnsupportedOperationException", `${name} is too long.`);
  return bytes;
}

function readMembers(body) {
  let members;
  try {
    members = JSON.parse(body.toString("utf8"));
  } catch {
    throw invalid("The body is not JSON.");
  }
  if (typeof members?.requestMetadata !== "object") throw invalid("requestMetadata is missing.");
  return members;
}

async function readBody(request) {
  const chunks = [];
  let lengthBytes = 0;
  for await (const chunk of request) {
    lengthBytes += chunk.length;
    if (lengthBytes > MAX_BODY_BYTES) throw new Refusal(501, "UnsupportedOperationException", "The body is too long.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function notHere() {
  return new Refusal(404, "InvalidUriPathException", "There is nothing at this path.");
}
