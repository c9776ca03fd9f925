/** What the tests take from the example, which is plain JavaScript. */

declare module "*/examples/xks-proxy/directed-fetch.mjs" {
  export function directedFetch(options: {
    readonly ca: string;
    readonly servers: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  }): (url: string, init: RequestInit) => Promise<Response>;
}

declare module "*/examples/xks-proxy/key-file.mjs" {
  export function makeKeyFile(path: string): unknown;
}
