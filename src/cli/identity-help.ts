/** What `wasm-kms identity --help` shows. */
export const IDENTITY_HELP = `
Examples:
  wasm-kms identity create user alice --admin
  wasm-kms identity create-access-key alice --format env
  wasm-kms identity create role app --policy use=encrypt-only.json
  wasm-kms identity assume-role app --session build-7 --format json
  wasm-kms identity create-access-key root
  wasm-kms identity account
  wasm-kms identity import identities.json

They belong to the account of --account. The name root stands for its root,
and no user has it; "account" shows the root's access keys and the service
control policies. A secret is shown once, when it is made; the keystore holds
it sealed. What a user or role may do, its policies and those of the keys say:
wasm-kms explain tells which one decides. A user, a policy or a key that is
deleted stops at once, also in a running server.
`;

export const EXPLAIN_HELP = `
Examples:
  wasm-kms explain --principal root --action kms:Encrypt --key alias/billing
  wasm-kms explain --principal arn:aws:iam::000000000000:user/alice \\
    --action kms:Decrypt --key billing --context tenant=7

It prints the decision, why, and the statement or grant that made it. The exit
code is 0 for Allow and 1 for Deny.
`;
