/** The commands for identities. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run, runProcess } from "./command.ts";
import { temporaryFolder } from "./tree.ts";

const root = temporaryFolder();
let count = 0;
const newHome = (): string => join(root, `home-${++count}`);
const policyOf = (action: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: action, Resource: "*" } });
const ARN = "arn:aws:iam::000000000000";
const bytes = (text: string) => new TextEncoder().encode(text);

/** The commands below `identity` on a keystore of their own. */
function identityIn(home = newHome()) {
  const identity = (args: string[], options = {}) => run(["identity", ...args], { home, ...options });
  const decision = async (name: string, action: string) => {
    const principal = `${ARN}:user/${name}`;
    return (await run(["explain", "--principal", principal, "--action", action, "-k", "k"], { home })).text.split(
      "\n",
    )[0];
  };
  return {
    home,
    identity,
    decision,
    show: async (...args: string[]) => JSON.parse((await identity(["show", ...args])).text),
  };
}

function fileOf(text: string): string {
  const path = join(root, `file-${++count}.json`);
  writeFileSync(path, text);
  return path;
}

describe("users and roles", () => {
  it("are made, listed, shown and deleted", async () => {
    const { identity, show } = identityIn();
    const made = await identity(["create", "user", "alice", "--admin", "--path", "/team/"]);
    expect(made).toMatchObject({ code: 0, text: `Created ${ARN}:user/team/alice\n` });
    expect((await identity(["create", "role", "app"])).text).toBe(`Created ${ARN}:role/app\n`);
    const table = (await identity(["list"])).text;
    expect(table).toMatch(/^KIND +ARN +POLICIES +ACCESS KEYS\nuser +\S+:user\/team\/alice +AdministratorAccess +-\n/);
    expect(JSON.parse((await identity(["list", "--json"])).text)).toHaveLength(2);
    expect(await show("user", "ALICE")).toMatchObject({ name: "alice", arn: `${ARN}:user/team/alice` });
    expect((await identity(["delete", "user", "alice"])).text).toBe("Deleted the user alice.\n");
    expect((await identity(["list"])).text).not.toContain("alice");
    const gone = await identity(["show", "user", "alice"]);
    expect(gone).toMatchObject({ code: 1, text: "" });
    expect(gone.stderr).toContain("There is no user alice in account 000000000000.");
  });

  it("belong to the account that is named", async () => {
    const { home, identity } = identityIn();
    await run(["--account", "111122223333", "identity", "create", "user", "bob"], { home });
    expect((await identity(["list"])).text).toContain("There are no users or roles yet");
    expect((await run(["--account", "111122223333", "identity", "list"], { home })).text).toContain(":user/bob");
  });

  it("may do what their policies say, from a file or stdin", async () => {
    const { home, identity, decision } = identityIn();
    await run(["keys", "create", "--alias", "k"], { home });
    await identity(["create", "user", "alice", "--policy", `a=${fileOf(policyOf("kms:Encrypt"))}`, "--policy", "b=-"], {
      input: bytes(policyOf("kms:Decrypt")),
    });
    expect(await decision("alice", "kms:Encrypt")).toContain("Allow");
    expect(await decision("alice", "kms:Decrypt")).toContain("Allow");
    expect(await decision("alice", "kms:Sign")).toContain("Deny");
    await identity(["put-policy", "user", "alice", "c", "-"], { input: bytes(policyOf("kms:Sign")) });
    expect(await decision("alice", "kms:Sign")).toContain("Allow");
    await identity(["remove-policy", "user", "alice", "c"]);
    expect(await decision("alice", "kms:Sign")).toContain("Deny");
    await identity(["boundary", "user", "alice", fileOf(policyOf("kms:Decrypt"))]);
    expect(await decision("alice", "kms:Encrypt")).toContain("Deny");
    await identity(["boundary", "user", "alice"]);
    expect(await decision("alice", "kms:Encrypt")).toContain("Allow");
    await identity(["scp", "only", fileOf(policyOf("kms:Decrypt"))]);
    expect(await decision("alice", "kms:Encrypt")).toContain("Deny");
    expect(JSON.parse((await identity(["account"])).text).serviceControlPolicies).toHaveProperty("only");
    await identity(["scp", "only"]);
    expect(await decision("alice", "kms:Encrypt")).toContain("Allow");
  });

  it("get a policy from the stdin of the process", async () => {
    const { home, identity, show } = identityIn();
    await identity(["create", "user", "alice"]);
    const args = ["identity", "put-policy", "user", "alice", "p", "-"];
    expect((await runProcess(args, { home, input: bytes(policyOf("kms:Sign")) })).code).toBe(0);
    expect((await show("user", "alice")).policies.p).toBe(policyOf("kms:Sign"));
  });
});

describe("an access key", () => {
  it("is shown once, on stdout alone", async () => {
    const { home, identity, show } = identityIn();
    await identity(["create", "user", "alice"]);
    const made = await identity(["create-access-key", "alice"]);
    const [, id, secret] = /^AWS_ACCESS_KEY_ID +(AKIA\w{16})\nAWS_SECRET_ACCESS_KEY +(\S{40})\n$/.exec(made.text)!;
    expect(made.stderr).toBe("");
    for (const args of [["list"], ["list", "--json"], ["show", "user", "alice"], ["account"]]) {
      const answer = await identity(args);
      expect(answer.text + answer.stderr).not.toContain(secret!);
    }
    expect((await identity(["list"])).text).toContain(id);
    expect(readFileSync(join(home, "keystore.sqlite")).includes(secret!)).toBe(false);
    expect((await identity(["deactivate-access-key", id!])).text).toBe(`${id} is deactivated.\n`);
    expect((await identity(["list"])).text).toContain(`${id} (inactive)`);
    expect((await identity(["activate-access-key", id!])).text).toBe(`${id} is activated.\n`);
    expect((await show("user", "alice")).accessKeys).toMatchObject([{ accessKeyId: id, isActive: true }]);
    expect((await identity(["delete-access-key", id!])).text).toBe(`${id} is deleted.\n`);
    expect((await show("user", "alice")).accessKeys).toEqual([]);
    expect((await identity(["delete-access-key", id!])).stderr).toContain(`There is no access key ${id}`);
  });

  it("of the root is found again, so that it can be deleted", async () => {
    const { identity } = identityIn();
    const made = await identity(["create-access-key", "root", "--format", "json"]);
    const { AccessKeyId, SecretAccessKey } = JSON.parse(made.text);
    expect(made.stderr).toContain("Made a keystore");
    expect(made.stderr).not.toContain(SecretAccessKey);
    expect((await identity(["list"])).text).toMatch(new RegExp(`root +${ARN}:root +- +${AccessKeyId}`));
    expect(JSON.parse((await identity(["account"])).text)).toMatchObject({
      accessKeys: [{ accessKeyId: AccessKeyId }],
    });
    await identity(["delete-access-key", AccessKeyId]);
    expect((await identity(["list"])).text).toContain("There are no users or roles yet");
  });
});

describe("temporary credentials", () => {
  it("are written for a shell, for AWS tools and for a person", async () => {
    const { identity } = identityIn();
    await identity(["create", "role", "app"]);
    const assume = (...args: string[]) => identity(["assume-role", "app", "--session", "s1", ...args]);
    const shell = (await assume("--format", "env")).text.trimEnd().split("\n");
    expect(shell.map((line) => line.replace(/=[\w+/]+$/, "=…"))).toEqual([
      "export AWS_ACCESS_KEY_ID=…",
      "export AWS_SECRET_ACCESS_KEY=…",
      "export AWS_SESSION_TOKEN=…",
    ]);
    const before = Date.now();
    const json = JSON.parse((await assume("--format", "json", "--duration", "900")).text);
    expect(json).toMatchObject({ Version: 1, AccessKeyId: /^ASIA/.exec(json.AccessKeyId)?.input });
    expect(Date.parse(json.Expiration) - before).toBeGreaterThanOrEqual(900_000);
    expect(Date.parse(json.Expiration) - before).toBeLessThan(930_000);
    expect((await assume()).text).toMatch(/AWS_SESSION_TOKEN +\S{96}\nvalid until +\d{4}-/);
    expect((await identity(["delete-access-key", json.AccessKeyId])).code).toBe(0);
  });

  it.each([
    [["--session", "s1", "--duration", "899"], 1, "A session lasts 900 to 43200 seconds; it is 899."],
    [["--session", "s1", "--duration", "soon"], 1, "A session lasts 900 to 43200 seconds"],
    [["--session", "a b"], 1, "A session name has 2 to 64"],
    [["--session", "s1", "--policy", "/missing.json"], 2, "/missing.json cannot be read: there is no such file"],
    [[], 2, "required option '--session <name>'"],
    [["--session", "s1", "--format", "xml"], 2, "Allowed choices are text, env, json"],
  ])("are refused: %j", async (args, code, message) => {
    const { identity } = identityIn();
    await identity(["create", "role", "app"]);
    const answer = await identity(["assume-role", "app", ...args]);
    expect(answer).toMatchObject({ code, text: "" });
    expect(answer.stderr).toContain(message);
  });
});

describe("an import", () => {
  const document = {
    accounts: [
      {
        id: "000000000000",
        users: [
          {
            name: "alice",
            policies: { p: JSON.parse(policyOf("kms:Encrypt")) },
            accessKeys: [
              { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY" },
            ],
          },
        ],
        roles: [{ name: "app" }],
      },
    ],
  };

  it.each(["file", "stdin"])("comes from a %s, and says what it made", async (from) => {
    const { identity, show } = identityIn();
    const text = JSON.stringify(document);
    const args = ["import", from === "file" ? fileOf(text) : "-"];
    const answer = await identity(args, { input: bytes(text) });
    expect(answer).toMatchObject({ code: 0, text: "Imported 1 user, 1 role and 1 access key.\n" });
    expect(await show("user", "alice")).toMatchObject({ accessKeys: [{ accessKeyId: "AKIAIOSFODNN7EXAMPLE" }] });
  });

  it("that is wrong says where, and changes nothing", async () => {
    const { identity } = identityIn();
    const [account] = document.accounts;
    const wrong = { accounts: [{ ...account, roles: [{ name: "app", polices: {} }] }] };
    const answer = await identity(["import", fileOf(JSON.stringify(wrong))]);
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain("accounts[0].roles[0] has a member polices; it takes name, path, policies,");
    expect(answer.stderr).not.toContain("wJalr");
    expect((await identity(["list"])).text).toContain("There are no users or roles yet");
  });
});

describe("a command that is wrong", () => {
  it.each([
    [["create", "group", "g"], 2, 'An identity is a user or a role, not "group".'],
    [["create", "user", "a b"], 1, "A user name has 1 to 64 letters"],
    [["create", "user", "root"], 1, "that name stands for the root of the account"],
    [["create", "user", "a", "--policy", "x"], 2, 'A policy is given as NAME=FILE, not "x".'],
    [["create", "user", "a", "--policy", "x=-", "--policy", "y=-"], 2, "Only one policy can come from stdin."],
    [["create", "user", "a", "--policy", "x=1", "--policy", "x=2"], 2, "Two policies have the same name"],
    [["create", "user", "a", "--policy", "x=/missing"], 2, "/missing cannot be read: there is no such file"],
    [["create", "user", "a", "--policy", "x=-"], 1, "The policy x: "],
    [["create", "user", "a\u001b[31m"], 1, "\\u001b"],
    [["import", "/"], 2, "/ cannot be read: it is a folder"],
    [["bogus"], 2, "unknown command 'bogus'"],
  ])("says what is expected: %j", async (args, code, message) => {
    const { identity } = identityIn();
    const answer = await identity(args);
    expect(answer).toMatchObject({ code, text: "" });
    expect(answer.stderr).toContain(message);
    expect(answer.stderr).not.toContain("\u001b");
  });

  it.each([
    ["list"],
    ["account"],
    ["show", "user", "a"],
    ["delete", "user", "a"],
    ["create-access-key", "alice"],
    ["assume-role", "r", "--session", "s1"],
    ["deactivate-access-key", "AKIAIOSFODNN7EXAMPLE"],
    ["scp", "p"],
  ])("makes no keystore where there is none: %s", async (...args) => {
    const { home, identity } = identityIn();
    const answer = await identity(args);
    expect(answer).toMatchObject({ code: 3, text: "" });
    expect(existsSync(home)).toBe(false);
  });
});

describe("help", () => {
  it("shows examples that run", async () => {
    const { identity } = identityIn();
    const { text, code } = await identity(["--help"]);
    expect(code).toBe(0);
    const [policies, document] = [fileOf(policyOf("kms:Encrypt")), fileOf('{"accounts":[]}')];
    const examples = text.split("\n").filter((line) => line.startsWith("  wasm-kms identity "));
    expect(examples.length).toBeGreaterThanOrEqual(6);
    for (const example of examples) {
      const args = example
        .replace("encrypt-only.json", policies)
        .replace("identities.json", document)
        .trim()
        .split(" ");
      expect({ example, ...(await identity(args.slice(2))) }).toMatchObject({ example, code: 0 });
    }
  });
});
