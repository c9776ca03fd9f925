/** The commands below `wasm-kms keys`. */
import type { KMS } from "../client/client.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { UsageError } from "./explain.ts";
import type { Settings } from "./file-commands.ts";
import { makeHome, openHome } from "./home.ts";
import { aliasReference, findKey, requireKey } from "./key-choice.ts";
import { createKey, describeKey, type KeyAttributes, type KeyEntry, keyLines, keyTable, listKeys } from "./keys.ts";
import { colorsFor } from "./terminal.ts";
import { formatTable } from "./text.ts";

async function withKeys(settings: Settings, use: (kms: KMS) => Promise<string>): Promise<ExitCode> {
  const home = await openHome({ ...settings, env: settings.io.env, create: false });
  try {
    const answer = await use(home.kms);
    settings.io.stdout.write(`${answer}\n`);
    return EXIT.ok;
  } finally {
    await home.close();
  }
}

/** `wasm-kms keys list` */
export function list({ json }: { readonly json?: boolean }, settings: Settings): Promise<ExitCode> {
  return withKeys(settings, async (kms) => {
    const entries = await listKeys(kms);
    if (json) return JSON.stringify(entries, undefined, 2);
    if (entries.length === 0) return "There are no keys yet; make one with: wasm-kms keys create --alias NAME";
    const [heading, ...rows] = keyTable(entries);
    return [colorsFor(settings.io.stdout, settings.io).dim(heading!), ...rows].join("\n");
  });
}

export interface CreateOptions extends KeyAttributes {
  readonly json?: boolean;
}

/** `wasm-kms keys create` */
export async function create({ json, ...attributes }: CreateOptions, settings: Settings): Promise<ExitCode> {
  const { io } = settings;
  const home = await makeHome(settings);
  try {
    const entry = await createKey(home.kms, attributes);
    const [alias] = entry.aliases;
    const text = `Created ${entry.arn}${alias === undefined ? "" : ` as ${alias}`}`;
    io.stdout.write(`${json ? JSON.stringify(entry, undefined, 2) : text}\n`);
    return EXIT.ok;
  } finally {
    await home.close();
  }
}

/** `wasm-kms keys describe` */
export function describe(key: string, { json }: { readonly json?: boolean }, settings: Settings): Promise<ExitCode> {
  return withKeys(settings, async (kms) => {
    const entry: KeyEntry = await describeKey(kms, key);
    return json ? JSON.stringify(entry, undefined, 2) : formatTable(keyLines(entry)).join("\n");
  });
}

/** What a command does to one key; returns what to say of it. */
type Change = (kms: KMS, keyId: string) => Promise<string>;

const CHANGES = {
  rotate: async (kms, KeyId) => {
    await kms.rotateKeyOnDemand({ KeyId });
    return "has new material; what was sealed before still opens";
  },
  enable: async (kms, KeyId) => {
    await kms.enableKey({ KeyId });
    return "is enabled";
  },
  disable: async (kms, KeyId) => {
    await kms.disableKey({ KeyId });
    return "is disabled: it neither seals nor opens until it is enabled";
  },
  "cancel-deletion": async (kms, KeyId) => {
    await kms.cancelKeyDeletion({ KeyId });
    return "stays, and is disabled; enable it to use it";
  },
} as const satisfies Record<string, Change>;

/** Commands that take a key and nothing else, with their help. */
export const CHANGE_COMMANDS: Readonly<Record<keyof typeof CHANGES, string>> = {
  rotate: "Gives a key new material, under the same name.",
  enable: "Lets a key be used.",
  disable: "Keeps a key from being used.",
  "cancel-deletion": "Keeps a key whose deletion was scheduled.",
};

/** `wasm-kms keys rotate|enable|disable|cancel-deletion` */
export function change(name: keyof typeof CHANGES, key: string, settings: Settings): Promise<ExitCode> {
  return withKeys(settings, (kms) => changeKey(kms, key, CHANGES[name]));
}

/** `wasm-kms keys delete` */
export function remove(key: string, { days }: { readonly days: number }, settings: Settings): Promise<ExitCode> {
  return withKeys(settings, (kms) =>
    changeKey(kms, key, async (_kms, KeyId) => {
      const { DeletionDate } = await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: days });
      const date = DeletionDate!.toISOString().slice(0, 10);
      return `is of no use from now on, and is deleted on ${date} with all that it sealed; keys cancel-deletion keeps it`;
    }),
  );
}

async function changeKey(kms: KMS, key: string, run: Change): Promise<string> {
  const { Arn, KeyId } = await requireKey(kms, key);
  return `${Arn} ${await run(kms, KeyId!)}`;
}

/** `wasm-kms keys alias add` */
export function addAlias(name: string, key: string, settings: Settings): Promise<ExitCode> {
  return withKeys(settings, async (kms) => {
    const { Arn, KeyId } = await requireKey(kms, key);
    await kms.createAlias({ AliasName: aliasReference(name), TargetKeyId: KeyId! });
    return `${aliasReference(name)} is ${Arn}`;
  });
}

/** `wasm-kms keys alias remove` */
export function removeAlias(name: string, settings: Settings): Promise<ExitCode> {
  return withKeys(settings, async (kms) => {
    const alias = aliasReference(name);
    const key = await findKey(kms, alias);
    if (key === undefined) throw new UsageError(`There is no ${alias}; see the aliases with: wasm-kms keys list`);
    await kms.deleteAlias({ AliasName: alias });
    return `${alias} is removed; its key ${key.Arn} stays`;
  });
}
