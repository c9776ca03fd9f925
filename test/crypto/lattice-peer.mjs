// ML-DSA and ML-KEM of OpenSSL, through a Node.js that has them (24.7 or newer). Reads what we made from stdin and
// answers what it thinks of it, and what it made under the same keys. Without input it says whether it can.
import * as crypto from "node:crypto";

const input = await new Promise((resolve) => {
  let text = "";
  process.stdin.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
});
const bytes = (text) => Buffer.from(text, "base64");
const base64 = (buffer) => buffer.toString("base64");

function judge({ publicKey, privateKey, message, signature, ciphertext, sharedSecret }) {
  const open = crypto.createPrivateKey({ key: bytes(privateKey), format: "der", type: "pkcs8" });
  const shown = crypto.createPublicKey({ key: bytes(publicKey), format: "der", type: "spki" });
  const isPair = base64(crypto.createPublicKey(open).export({ format: "der", type: "spki" })) === publicKey;
  if (signature !== undefined) {
    const accepted = crypto.verify(null, bytes(message), shown, bytes(signature));
    return { isPair, accepted, signature: base64(crypto.sign(null, bytes(message), open)) };
  }
  const accepted = base64(crypto.decapsulate(open, bytes(ciphertext))) === sharedSecret;
  const made = crypto.encapsulate(shown);
  return { isPair, accepted, ciphertext: base64(made.ciphertext), sharedSecret: base64(made.sharedKey) };
}

if (typeof crypto.encapsulate !== "function") process.exit(1);
if (input !== "") process.stdout.write(JSON.stringify(JSON.parse(input).map(judge)));
