/** The texts that `--help` adds to the lists of commands and options; at most 79 columns. */

export const PROGRAM_HELP = `
Examples:
  wasm-kms seal ~/photos --out sealed        seal a folder
  wasm-kms open sealed --out restored        open it again, names and paths too
  wasm-kms inspect sealed/photos/a.jpg.sealed
  wasm-kms keys list
  wasm-kms serve --auth off                  an endpoint for AWS SDKs

Keys lie in one folder: --home, else $WASM_KMS_HOME, else
$XDG_DATA_HOME/wasm-kms, else ~/.local/share/wasm-kms. Keep a copy of that
folder in a safe place: without both its root.key and its keystore.sqlite
nothing can be opened. Where WASM_KMS_ROOT_KEY is set (base64 of 32 bytes),
that is the root key instead of root.key, and to be kept like it. Sealed files
are messages of the AWS Encryption SDK (version 2, suite 0x0478).
`;

export const EXIT_HELP = `
Exit codes:
  0    done
  1    some inputs failed (each is named), or the keystore refused the request
  2    the command line is wrong; nothing was tried
  3    the keystore or its root key cannot be opened
  129, 130, 143
       ended by SIGHUP, SIGINT, SIGTERM; unfinished outputs are removed
`;

export const SEAL_HELP = `
Examples:
  wasm-kms seal report.pdf --out sealed      sealed/report.pdf.sealed
  wasm-kms seal ~/photos --out sealed        sealed/photos/2024/a.jpg.sealed, ...
  wasm-kms seal . -o ../sealed -x node_modules -x .git
  wasm-kms seal db.dump -o out --key billing --context tenant=7
  tar c photos | wasm-kms seal - > photos.tar.sealed

A folder keeps its name; empty folders are made, too. Contents, names and paths
are kept; modes, owners and times are not. Links in a folder, devices, pipes
and sockets are skipped and named. Every file gets a data key of its own. The
name of a sealed file is not bound to it: --context binds what must be sure.

A file gets its name when it is whole. A run that is killed leaves no half of
one, only hidden files named .wasm-kms-*.partial, which are never taken for
results; delete them when no run is going on. To survive a power cut, too, use
--sync.
`;

export const OPEN_HELP = `
Examples:
  wasm-kms open sealed --out restored        all in sealed/, without .sealed
  wasm-kms open sealed/report.pdf.sealed --out .
  wasm-kms open backup --out restored --context tenant=7
  wasm-kms open - < photos.tar.sealed | tar x

What is in a folder goes right into --out, so that opening the output of seal
gives back what was sealed. Opened files can be read by you only (0600). A file
that was changed or cut short is named and leaves nothing behind; the others
are opened. To stdout, a message of more than 1 MiB comes out piece by piece,
each verified: where the exit code is not 0 it was not whole, and what came is
to be thrown away.
`;

export const INSPECT_HELP = `
Example:
  wasm-kms inspect sealed/photos/a.jpg.sealed

Nothing of what is shown is verified; that takes the key, and wasm-kms open.
`;

export const KEYS_HELP = `
Examples:
  wasm-kms keys create --alias billing --description "invoices"
  wasm-kms keys create --alias signer --spec ECC_NIST_P256 --usage SIGN_VERIFY
  wasm-kms keys rotate billing
  wasm-kms keys delete billing --days 7
  wasm-kms keys alias add invoices billing

A key is named by its id, its ARN, alias/NAME or just NAME. Without --key, seal
uses alias/default and makes it on first use.
`;

export const SERVE_HELP = `
Examples:
  wasm-kms identity create user alice --admin
  eval "$(wasm-kms identity create-access-key alice --format env)"
  wasm-kms serve --port 9000 &
  aws --endpoint-url http://127.0.0.1:9000 --region us-east-1 kms list-keys
  wasm-kms serve --auth off
  wasm-kms serve --enclave-root AWS_NitroEnclaves_Root-G1.pem

Requests are signed as for AWS, and each caller may do what its policies and
those of the keys say. The Region is that of the client's credentials, the
account that of the caller. With --auth off nobody is asked who they are, for
programs of this machine only: each caller is the root of the account that has
its access key id if that has twelve digits, else of --account. Each account
and Region is a world of its own. SIGINT and SIGTERM stop it when running
requests are done.
`;

export const COST_HELP = `
Examples:
  wasm-kms cost
  wasm-kms cost --month 2026-11 --json
  wasm-kms --account 111122223333 --region eu-central-1 cost

It counts the requests of every program that uses the keystore, by the account
and Region to which they were sent, and the keys that there are.
`;

export const DEMO_HELP = `
Example:
  wasm-kms demo ~/photos

The sealed copy stays in a temporary folder; the opened one is removed again.
`;
