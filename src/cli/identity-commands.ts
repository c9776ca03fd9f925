/** The commands below `wasm-kms identity`: who may sign requests, and what they may do. */
import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import {
  type AccountSummary,
  type Credentials,
  type HolderKind,
  type HolderSummary,
  importIdentities,
  type Kms,
} from "../index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { explain, UsageError } from "./explain.ts";
import type { Settings } from "./file-commands.ts";
import { makeHome, openHome } from "./home.ts";
import { IDENTITY_HELP } from "./identity-help.ts";
import { colorsFor, type Io } from "./terminal.ts";
import { counted, formatTable } from "./text.ts";

type Finish = (exitCode: ExitCode) => void;
type Format = "text" | "env" | "json";

const ADMINISTRATOR = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
const ADMINISTRATOR_NAME = "AdministratorAccess";
const STDIN = "-";
const ROOT = "root";

/** Adds the group to a program. */
export function addIdentityCommands(program: Command, settings: () => Settings, finish: Finish): void {
  const group = program
    .command("identity")
    .description("Manages users, roles, their policies and access keys.")
    .addHelpText("after", IDENTITY_HELP);
  const run: Run = async (home, work) => {
    const current = settings();
    finish(await withService(home, current, (kms) => work(kms, current.account, current)));
  };
  addHolderCommands(group, run);
  addAccountCommands(group, run);
  addPolicyCommands(group, run);
  addCredentialCommands(group, run);
}

type Work = (kms: Kms, account: string, settings: Settings) => Promise<string>;
/** Commands that need what is there already make no keystore. */
type Run = (home: "existing" | "made", work: Work) => Promise<void>;

function addHolderCommands(group: Command, run: Run): void {
  group
    .command("list")
    .description("Lists the users and roles of the account.")
    .option("--json", "as JSON, with their policies")
    .action(({ json }: { json?: boolean }) =>
      run("existing", async ({ identities }, account, settings) => {
        const found = await identities.list(account);
        if (json) return JSON.stringify(found, undefined, 2);
        return tableOf(await identities.showAccount(account), found, settings);
      }),
    );
  group
    .command("show")
    .argument("<kind>", "user or role", parseKind)
    .argument("<name>")
    .description("Shows all about one, but no secret.")
    .action((kind: HolderKind, name: string) =>
      run("existing", async ({ identities }, account) =>
        JSON.stringify(await identities.show(kind, account, name), undefined, 2),
      ),
    );
  group
    .command("create")
    .argument("<kind>", "user or role", parseKind)
    .argument("<name>")
    .description("Makes a user or role.")
    .option("--path <path>", "a path in its ARN, as /team/", "/")
    .option("--policy <name=file>", "an inline policy (repeatable); - is stdin", addPolicyFile, [])
    .option("--admin", "may do everything in its account")
    .action(
      (kind: HolderKind, name: string, options: { path: string; policy: readonly PolicyFile[]; admin?: boolean }) =>
        run("made", async ({ identities }, account, { io }) => {
          const given = await readPolicies(options.policy, io);
          const policies = { ...given, ...(options.admin && { [ADMINISTRATOR_NAME]: ADMINISTRATOR }) };
          return `Created ${await identities.create(kind, account, name, { path: options.path, policies })}`;
        }),
    );
  group
    .command("delete")
    .argument("<kind>", "user or role", parseKind)
    .argument("<name>")
    .description("Deletes a user with its access keys, or a role with its sessions.")
    .action((kind: HolderKind, name: string) =>
      run("existing", async ({ identities }, account) => {
        await identities.remove(kind, account, name);
        return `Deleted the ${kind} ${name}.`;
      }),
    );
}

function addAccountCommands(group: Command, run: Run): void {
  group
    .command("account")
    .description("Shows the account: its service control policies, and the access keys of its root.")
    .action(() =>
      run("existing", async ({ identities }, account) =>
        JSON.stringify(await identities.showAccount(account), undefined, 2),
      ),
    );
  group
    .command("import")
    .argument("<file>", "a JSON document; - is stdin")
    .description("Makes or replaces accounts, users and roles from a file: all of them or none.")
    .action((file: string) =>
      run("made", async (kms, _account, { io }) => {
        const { users, roles, accessKeys } = await importIdentities(kms.identities, await readText(file, io));
        const [some, others, keys] = [
          counted(users, "user"),
          counted(roles, "role"),
          counted(accessKeys, "access key"),
        ];
        return `Imported ${some}, ${others} and ${keys}.`;
      }),
    );
}

function addPolicyCommands(group: Command, run: Run): void {
  group
    .command("put-policy")
    .argument("<kind>", "user or role", parseKind)
    .argument("<name>")
    .argument("<policy>", "the policy's name")
    .argument("<file>", "its JSON; - is stdin")
    .description("Puts an inline policy.")
    .action((kind: HolderKind, name: string, policy: string, file: string) =>
      run("existing", async ({ identities }, account, { io }) => {
        await identities.putPolicy(kind, account, name, policy, await readText(file, io));
        return `The ${kind} ${name} has the policy ${policy}.`;
      }),
    );
  group
    .command("remove-policy")
    .argument("<kind>", "user or role", parseKind)
    .argument("<name>")
    .argument("<policy>", "the policy's name")
    .description("Removes an inline policy.")
    .action((kind: HolderKind, name: string, policy: string) =>
      run("existing", async ({ identities }, account) => {
        await identities.putPolicy(kind, account, name, policy, undefined);
        return `The ${kind} ${name} has no policy ${policy} any more.`;
      }),
    );
  group
    .command("boundary")
    .argument("<kind>", "user or role", parseKind)
    .argument("<name>")
    .argument("[file]", "the JSON of the permissions boundary; left away, it is removed")
    .description("Sets or removes a permissions boundary.")
    .action((kind: HolderKind, name: string, file: string | undefined) =>
      run("existing", async ({ identities }, account, { io }) => {
        await identities.putBoundary(kind, account, name, file === undefined ? undefined : await readText(file, io));
        return `The ${kind} ${name} has ${file === undefined ? "no" : "a new"} permissions boundary.`;
      }),
    );
  group
    .command("scp")
    .argument("<policy>", "the policy's name")
    .argument("[file]", "its JSON; left away, the policy is removed")
    .description("Sets or removes a service control policy of the account.")
    .action((policy: string, file: string | undefined) =>
      run(file === undefined ? "existing" : "made", async ({ identities }, account, { io }) => {
        const text = file === undefined ? undefined : await readText(file, io);
        await identities.putServiceControlPolicy(account, policy, text);
        return `The account ${account} has ${file === undefined ? "no" : "the"} service control policy ${policy}.`;
      }),
    );
}

function addCredentialCommands(group: Command, run: Run): void {
  const format = () =>
    new Option("--format <format>", "text, env (for a shell) or json").choices(["text", "env", "json"]).default("text");
  group
    .command("create-access-key")
    .argument("<user>", "a user's name, or root for the root of the account")
    .description("Makes an access key. Its secret is shown once.")
    .addOption(format())
    .action((user: string, options: { format: Format }) =>
      run(user === ROOT ? "made" : "existing", async ({ identities }, account) =>
        written(await identities.createAccessKey(account, user), options.format),
      ),
    );
  group
    .command("assume-role")
    .argument("<role>")
    .description("Makes temporary credentials of a role.")
    .requiredOption("--session <name>", "the session's name, which stands in its ARN")
    .option("--duration <seconds>", "900 to 43200", Number, 3600)
    .option("--policy <file>", "a session policy, within which the session stays; - is stdin")
    .addOption(format())
    .action((role: string, options: { session: string; duration: number; policy?: string; format: Format }) =>
      run("existing", async ({ identities }, account, { io }) => {
        const { session: sessionName, duration: durationSeconds } = options;
        const policy = options.policy === undefined ? {} : { policy: await readText(options.policy, io) };
        const session = await identities.assumeRole(account, role, { sessionName, durationSeconds, ...policy });
        return written(session, options.format);
      }),
    );
  for (const [name, description] of Object.entries(ACCESS_KEY_COMMANDS)) {
    group
      .command(`${name}-access-key`)
      .argument("<id>", "an access key id")
      .description(description)
      .action((id: string) =>
        run("existing", async ({ identities }) => {
          if (name === "delete") await identities.deleteAccessKey(id);
          else await identities.setAccessKeyActive(id, name === "activate");
          return `${id} is ${name}d.`;
        }),
      );
  }
}

const ACCESS_KEY_COMMANDS = {
  activate: "Lets an access key sign again.",
  deactivate: "Stops an access key, at once and until it is activated.",
  delete: "Deletes an access key, also a session's.",
};

async function withService(
  which: "existing" | "made",
  settings: Settings,
  work: (kms: Kms) => Promise<string>,
): Promise<ExitCode> {
  const existing = { ...settings, env: settings.io.env, create: false };
  const home = which === "made" ? await makeHome(settings) : await openHome(existing);
  try {
    settings.io.stdout.write(`${await work(home.service)}\n`);
    return EXIT.ok;
  } finally {
    await home.close();
  }
}

function tableOf(account: AccountSummary, found: readonly HolderSummary[], { io }: Settings): string {
  const root = { ...account, kind: ROOT, policies: {} };
  const all = account.accessKeys.length === 0 ? found : [root, ...found];
  if (all.length === 0) {
    return "There are no users or roles yet; make one with: wasm-kms identity create user NAME --admin";
  }
  const rows = all.map(({ kind, arn, policies, accessKeys }) => [
    kind,
    arn,
    Object.keys(policies).join(", ") || "-",
    accessKeys.map(({ accessKeyId, isActive }) => (isActive ? accessKeyId : `${accessKeyId} (inactive)`)).join(", ") ||
      "-",
  ]);
  const [heading, ...lines] = formatTable([["KIND", "ARN", "POLICIES", "ACCESS KEYS"], ...rows]);
  return [colorsFor(io.stdout, io).dim(heading!), ...lines].join("\n");
}

/** The one time that a secret is written. */
function written({ accessKeyId, secretAccessKey, sessionToken, expiration }: Credentials, format: Format): string {
  if (format === "json") {
    // What credential_process of AWS tools reads.
    const known = { Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey };
    return JSON.stringify(
      { ...known, SessionToken: sessionToken, Expiration: expiration?.toISOString() },
      undefined,
      2,
    );
  }
  const variables = [
    ["AWS_ACCESS_KEY_ID", accessKeyId],
    ["AWS_SECRET_ACCESS_KEY", secretAccessKey],
    ...(sessionToken === undefined ? [] : [["AWS_SESSION_TOKEN", sessionToken]]),
  ];
  if (format === "env") return variables.map(([name, value]) => `export ${name}=${value}`).join("\n");
  const end = expiration === undefined ? [] : [["valid until", expiration.toISOString()]];
  return formatTable([...variables, ...end] as string[][]).join("\n");
}

function parseKind(text: string): HolderKind {
  if (text === "user" || text === "role") return text;
  throw new UsageError(`An identity is a user or a role, not "${text}".`);
}

interface PolicyFile {
  readonly name: string;
  readonly file: string;
}

function addPolicyFile(pair: string, others: readonly PolicyFile[]): readonly PolicyFile[] {
  const at = pair.indexOf("=");
  if (at < 1) throw new UsageError(`A policy is given as NAME=FILE, not "${pair}".`);
  return [...others, { name: pair.slice(0, at), file: pair.slice(at + 1) }];
}

async function readPolicies(given: readonly PolicyFile[], io: Io): Promise<Record<string, string>> {
  const names = new Set(given.map(({ name }) => name));
  const piped = given.filter(({ file }) => file === STDIN);
  if (names.size < given.length) throw new UsageError("Two policies have the same name; give each its own.");
  if (piped.length > 1) throw new UsageError("Only one policy can come from stdin.");
  const policies: [string, string][] = [];
  for (const { name, file } of given) policies.push([name, await readText(file, io)]);
  return Object.fromEntries(policies);
}

async function readText(file: string, { stdin }: Io): Promise<string> {
  try {
    if (file !== STDIN) return await readFile(file, "utf8");
    const chunks: Buffer[] = [];
    for await (const chunk of stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${explain(error)}`);
  }
}
