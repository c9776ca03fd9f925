/** Requests signed by our own hand over node:crypto, so that a test can also sign what no SDK would. */
import { createHash, createHmac } from "node:crypto";

export interface Signing {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly body?: string | Uint8Array;
  /** In lower case; on top of host, content-type, x-amz-date and x-amz-target. `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Names that are sent and not signed. */
  readonly unsigned?: readonly string[];
  readonly scope?: {
    readonly date?: string;
    readonly region?: string;
    readonly service?: string;
    readonly end?: string;
  };
  /** What the signature is made over, where that is not what is sent. */
  readonly claimed?: { readonly method?: string; readonly path?: string; readonly query?: string };
}

export interface Signed {
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const sha256 = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex");

export const basic = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");

/** Signs a request, `POST /` of `ListKeys` by default. */
export function sign(signing: Signing): Signed {
  const { accessKeyId, secretAccessKey, atMs, body = "{}", headers: more = {}, unsigned = [], claimed = {} } = signing;
  const all = {
    host: "127.0.0.1",
    "content-type": "application/x-amz-json-1.1",
    "x-amz-date": basic(atMs),
    "x-amz-target": "TrentService.ListKeys",
    ...more,
  };
  const headers = Object.fromEntries(Object.entries(all).filter((e): e is [string, string] => e[1] !== undefined));
  const names = Object.keys(headers)
    .filter((name) => !unsigned.includes(name))
    .sort();
  const {
    date = basic(atMs).slice(0, 8),
    region = "us-west-2",
    service = "kms",
    end = "aws4_request",
  } = signing.scope ?? {};
  const scope = `${date}/${region}/${service}/${end}`;
  const lines = names.map((name) => `${name}:${headers[name]!.trim().replace(/ +/g, " ")}\n`).join("");
  const { method = "POST", path = "/", query = "" } = claimed;
  const canonical = `${method}\n${path}\n${query}\n${lines}\n${names.join(";")}\n${sha256(body)}`;
  const text = `AWS4-HMAC-SHA256\n${headers["x-amz-date"] ?? basic(atMs)}\n${scope}\n${sha256(canonical)}`;
  const key = [date, region, service, end].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const signature = hmac(key as Buffer, text).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { headers: { ...headers, authorization }, body };
}

/** With one header set anew after signing. */
export const changed = ({ headers, body }: Signed, change: Record<string, string>): Signed => ({
  headers: { ...headers, ...change },
  body,
});
/** With another signature. */
export const withSignature = (signed: Signed, change: (hex: string) => string): Signed =>
  changed(signed, {
    authorization: signed.headers.authorization!.replace(/Signature=(.*)$/, (_, hex) => `Signature=${change(hex)}`),
  });
