/**
 * @transcend-io/encrypt-web-streams: Rust compiled to WebAssembly, the one AES-GCM of that kind on npm. Its entry
 * offers streams only, and loads its module by a fetch that Node.js has no answer to; here the calls below the streams
 * are used, in its own pieces of 64 KiB, which is faster than the streams.
 */
import { readFileSync } from "node:fs";
import { TAG_BYTES } from "../job.ts";
import { NPM_WASM } from "../names.ts";
import { importThirdParty, thirdPartyFile } from "../thirdparty.ts";
import type { Subject } from "./subject.ts";

interface Coder {
  init_adata(aad: Uint8Array): void;
  update(chunk: Uint8Array): Uint8Array;
  finalize(): Uint8Array;
  free(): void;
}

interface Module {
  readonly Encryptor: new (key: Uint8Array, nonce: Uint8Array) => Coder;
  readonly Decryptor: new (key: Uint8Array, nonce: Uint8Array) => Coder;
  initSync(options: { module: Uint8Array }): void;
}

const CHUNK_BYTES = 65_536;
const KEY_BYTES = 32;

function code(coder: Coder, data: Uint8Array, aad: Uint8Array, result: Uint8Array): Uint8Array {
  try {
    coder.init_adata(aad);
    let done = 0;
    for (let at = 0; at < data.length; at += CHUNK_BYTES) {
      const part = coder.update(data.length <= CHUNK_BYTES ? data : data.subarray(at, at + CHUNK_BYTES));
      result.set(part, done);
      done += part.length;
    }
    result.set(coder.finalize(), done);
    return result;
  } finally {
    coder.free();
  }
}

export async function encryptWebStreams(): Promise<readonly Subject[]> {
  const folder = "@transcend-io/encrypt-web-streams/wasm";
  const { Encryptor, Decryptor, initSync } = await importThirdParty<Module>(
    thirdPartyFile(`${folder}/aes_gcm_stream_wasm.js`).href,
  );
  initSync({ module: readFileSync(thirdPartyFile(`${folder}/aes_gcm_stream_wasm_bg.wasm`)) });
  return [
    {
      name: NPM_WASM,
      seal({ key, aad, nonces, plaintexts }) {
        if (key.length !== KEY_BYTES) return undefined;
        return {
          run() {
            const plaintext = plaintexts.next();
            const result = new Uint8Array(plaintext.length + TAG_BYTES);
            return code(new Encryptor(key, nonces.next()), plaintext, aad, result);
          },
        };
      },
      open({ key, aad, messages }) {
        if (key.length !== KEY_BYTES) return undefined;
        return {
          run() {
            const { nonce, sealed } = messages.next();
            return code(new Decryptor(key, nonce), sealed, aad, new Uint8Array(sealed.length - TAG_BYTES));
          },
        };
      },
    },
  ];
}
