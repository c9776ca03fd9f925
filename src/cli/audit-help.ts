/** What `wasm-kms audit --help` shows. */
export const AUDIT_HELP = `
Examples:
  wasm-kms audit tail -n 50
  wasm-kms audit tail --json | jq 'select(.errorCode)'
  wasm-kms audit verify
  wasm-kms audit export > head.json
  wasm-kms audit verify --head head.json

"wasm-kms serve" writes one line of JSON for each request, as AWS CloudTrail
does, into files that nobody else appends to. Batches of lines are chained by
their hashes, and checkpoints are signed with a key of the keystore. Whoever
can write the files can cut off their end; that shows only against a head that
was exported before. The exit code of verify is 0 for a whole trail, else 1.
`;
