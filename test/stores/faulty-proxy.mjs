/**
 * A proxy that can be told to fail or to lie: the example's own proxy answers behind it, and what it says is spoiled on its
 * way out, each fault in the place where a real one would be.
 *
 *   node faulty-proxy.mjs <key file> <certificate> <key>
 *
 * `POST /fault` with { "fault": name, … } sets what is done to the answers from then on, and answers with how many calls
 * there were before.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:https";
import { openKeyFile } from "../../examples/xks-proxy/key-file.mjs";
import { createProxy } from "../../examples/xks-proxy/proxy.mjs";

const [, , keyFilePath, certificate, key] = process.argv;
const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
const honest = createProxy({ keyFile: openKeyFile(keyFilePath), tls });
const honestPort = await honest.listen(0, "127.0.0.1");

const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const bytes = (text) => Buffer.from(text, "base64");
const flipped = (text) => {
  const changed = bytes(text);
  changed[0] ^= 1;
  return base64(changed);
};

/** Sets the integrity value right again, so that another check has to find the fault. */
function withIntegrity(answer, asked) {
  const parts = [asked.additionalAuthenticatedData, answer.ciphertextMetadata ?? ""];
  parts.push(answer.initializationVector, answer.ciphertext, answer.authenticationTag);
  const hash = createHash("sha256").update(Buffer.concat(parts.map(bytes)));
  return { ...answer, ciphertextDataIntegrityValue: hash.digest("base64") };
}

let lastPlaintext;

/** What becomes of the members of an answer of 200. */
const SPOILED = {
  "short tag": (a, q) => withIntegrity({ ...a, authenticationTag: base64(bytes(a.authenticationTag).subarray(1)) }, q),
  "long tag": (a, q) => withIntegrity({ ...a, authenticationTag: base64(Buffer.alloc(17)) }, q),
  "no tag": ({ authenticationTag: _, ...a }) => a,
  "IV of 13 bytes": (a, q) => withIntegrity({ ...a, initializationVector: base64(Buffer.alloc(13)) }, q),
  "empty IV": (a, q) => withIntegrity({ ...a, initializationVector: "" }, q),
  "metadata of 21 bytes": (a, q) => withIntegrity({ ...a, ciphertextMetadata: base64(Buffer.alloc(21)) }, q),
  "metadata that is a number": (a) => ({ ...a, ciphertextMetadata: 1 }),
  "short ciphertext": (a, q) => withIntegrity({ ...a, ciphertext: base64(bytes(a.ciphertext).subarray(1)) }, q),
  "long ciphertext": (a, q) => withIntegrity({ ...a, ciphertext: base64(Buffer.alloc(500)) }, q),
  "plaintext for ciphertext": (a, q) => withIntegrity({ ...a, ciphertext: q.plaintext }, q),
  "ciphertext that is not base64": (a) => ({ ...a, ciphertext: "~".repeat(a.ciphertext.length) }),
  "changed ciphertext": (a) => ({ ...a, ciphertext: flipped(a.ciphertext) }),
  "changed IV": (a) => ({ ...a, initializationVector: flipped(a.initializationVector) }),
  "wrong integrity value": (a) => ({ ...a, ciphertextDataIntegrityValue: flipped(a.ciphertextDataIntegrityValue) }),
  "no integrity value": ({ ciphertextDataIntegrityValue: _, ...a }) => a,
  "changed plaintext": (a) => ({ plaintext: flipped(a.plaintext) }),
  "changed end of the plaintext": ({ plaintext }) => {
    const changed = bytes(plaintext);
    changed[changed.length - 1] ^= 128;
    return { plaintext: base64(changed) };
  },
  "short plaintext": (a) => ({ plaintext: base64(bytes(a.plaintext).subarray(1)) }),
  "plaintext of the call before": (a) => {
    const answer = { plaintext: lastPlaintext ?? a.plaintext };
    lastPlaintext = a.plaintext;
    return answer;
  },
  "empty object": () => ({}),
  list: (a) => [a],
  null: () => null,
  "AES-128 key": (a) => ({ ...a, keySpec: "AES_128" }),
  "key without DECRYPT": (a) => ({ ...a, keyUsage: ["ENCRYPT"] }),
  "key without usages": (a) => ({ ...a, keyUsage: [] }),
  "key of eleven usages": (a) => ({ ...a, keyUsage: [...a.keyUsage, ..."123456789"] }),
  "key of another status": (a) => ({ ...a, keyStatus: "MAYBE" }),
  "usage that is a number": (a) => ({ ...a, keyUsage: ["ENCRYPT", "DECRYPT", 1] }),
  "further members": (a) => ({ ...a, more: { of: ["them"] } }),
  "no key managers": (a) => ({ ...a, ekmFleetDetails: [] }),
  "eleven key managers": (a) => ({ ...a, ekmFleetDetails: Array(11).fill(a.ekmFleetDetails?.[0]) }),
  "unavailable key managers": (a) => ({
    ...a,
    ekmFleetDetails: a.ekmFleetDetails?.map((manager) => ({ ...manager, healthStatus: "UNAVAILABLE" })),
  }),
  "degraded key managers": (a) => ({
    ...a,
    ekmFleetDetails: a.ekmFleetDetails?.map((manager) => ({ ...manager, healthStatus: "DEGRADED" })),
  }),
  "unknown health": (a) => ({ ...a, ekmFleetDetails: [{ ...a.ekmFleetDetails?.[0], healthStatus: "FINE" }] }),
  "fleet of no size": (a) => ({ ...a, xksProxyFleetSize: 0 }),
};

/** What is sent in the place of an answer. */
const SENT = {
  html: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Welcome!</html>"),
  empty: (response) => response.writeHead(200).end(),
  "no content": (response) => response.writeHead(204).end(),
  redirect: (response, { url }) => response.writeHead(307, { location: `https://xks.example.com${url}` }).end("{}"),
  oversize: (response) => response.writeHead(200).end(`{"plaintext":"${"A".repeat(200_000)}"}`),
  "name twice": (response) => response.writeHead(200).end('{"plaintext":"AAAA","plaintext":"BBBB"}'),
  "depth of a thousand": (response) => response.writeHead(200).end("[".repeat(1000)),
  "bytes that are not UTF-8": (response) => response.writeHead(200).end(Buffer.of(0x7b, 0xff, 0x7d)),
  "half an answer": (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"plaintext":');
    setTimeout(() => response.destroy(), 20);
  },
  "hang up": (response) => response.destroy(),
  never: () => {},
  "drop by drop": (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  },
};

let fault = { fault: "none" };
let calls = 0;

async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function askHonest({ method, url, headers }, body) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: honestPort, method, path: url, headers, rejectUnauthorized: false };
    const sent = request(options, async (answer) => {
      resolve({ status: answer.statusCode, members: JSON.parse((await readAll(answer)).toString()) });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const server = createServer(tls, async (incoming, response) => {
  const body = await readAll(incoming);
  if (incoming.url === "/fault") {
    fault = JSON.parse(body.toString());
    response.end(JSON.stringify({ calls }));
    return;
  }
  calls++;
  const { fault: name, status, errorName } = fault;
  if (errorName !== undefined) {
    response.writeHead(status).end(JSON.stringify({ errorName, errorMessage: "<secret of the proxy>" }));
    return;
  }
  if (Object.hasOwn(SENT, name)) return SENT[name](response, incoming);
  const answer = await askHonest(incoming, body);
  const spoil = answer.status === 200 && Object.hasOwn(SPOILED, name) ? SPOILED[name] : (members) => members;
  response.writeHead(answer.status, { "content-type": "application/json" });
  response.end(JSON.stringify(spoil(answer.members, JSON.parse(body.toString()))));
});
server.listen(0, "127.0.0.1", () => console.log(`Listening at 127.0.0.1:${server.address().port}/`));
process.on("disconnect", () => process.exit());
