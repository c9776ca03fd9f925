/**
 * A `fetch` for KMS that trusts a certificate authority of your own and knows where hosts are: a proxy that is tried out
 * has neither a certificate of a public authority nor port 443. What a certificate must say is checked as always, and
 * what is no https URL of a known host is refused.
 */
import { Agent, request } from "node:https";
import { Readable } from "node:stream";

/**
 * @param ca certificates in PEM that are trusted, and no others
 * @param servers where the hosts of endpoints are, as { "xks.example.com": { host: "127.0.0.1", port: 8443 } }
 */
export function directedFetch({ ca, servers }) {
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 64, minVersion: "TLSv1.2" });
  return (url, { method, headers, body, signal }) => {
    const { protocol, hostname, pathname } = new URL(url);
    const server = Object.hasOwn(servers, hostname) ? servers[hostname] : undefined;
    if (protocol !== "https:" || server === undefined)
      return Promise.reject(new TypeError(`${url} is not known here.`));
    const options = {
      ...{ agent, method, signal, host: server.host, port: server.port, path: pathname, servername: hostname },
      headers: { ...headers, host: hostname, "content-length": String(body.length) },
    };
    return new Promise((resolve, reject) => {
      const sent = request(options, (answer) => {
        const { statusCode: status } = answer;
        const isEmpty = status === 204 || status === 205 || status === 304;
        resolve(new Response(isEmpty ? null : Readable.toWeb(answer), { status }));
      });
      sent.on("error", reject);
      sent.end(body);
    });
  };
}
