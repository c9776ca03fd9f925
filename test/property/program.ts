/** A random program of operations on a real service, each compared with what the model says of it. */
import { ARN_PREFIX, type Call, DAY_MS, type Output, type Service } from "../operations/service.ts";
import { type Ciphertext, type Code, Model, type Reference, type Usage } from "./model.ts";
import { Choices } from "./random.ts";

const SPECS: readonly (readonly [spec: string, usage: Usage])[] = [
  ["SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"],
  ["SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"],
  ["HMAC_256", "GENERATE_VERIFY_MAC"],
  ["ECC_NIST_P256", "SIGN_VERIFY"],
  ["ECC_NIST_P384", "KEY_AGREEMENT"],
];
const MAX_KEYS = 12;
const MAX_KEPT = 40;
const MAC = { MacAlgorithm: "HMAC_SHA_256" };
const SIGNING = { SigningAlgorithm: "ECDSA_SHA_256" };
const GONE = "00000000-0000-4000-8000-000000000000";

export class Program {
  readonly log: string[] = [];
  readonly #choose: Choices;
  readonly #model: Model;
  readonly #service: Service;
  readonly #call: Call;
  /** How often each outcome was seen, by operation and code. */
  readonly seen = new Map<string, number>();

  constructor(seed: number, service: Service, nowMs: number) {
    this.#choose = new Choices(seed);
    this.#model = new Model(nowMs);
    this.#service = service;
    this.#call = (operation, input) => service.kms.execute(operation as never, input as never);
  }

  async run(steps: number): Promise<void> {
    const makers = [
      () => this.#create(),
      () => this.#switch(),
      () => this.#schedule(),
      () => this.#encrypt(),
      () => this.#encrypt(),
      () => this.#decrypt(),
      () => this.#decrypt(),
      () => this.#reEncrypt(),
      () => this.#dataKey(),
      () => this.#mac(),
      () => this.#sign(),
      () => this.#alias(),
      () => this.#moveAlias(),
      () => this.#tag(),
      () => this.#describe(),
      () => this.#rotate(),
      () => this.#pass(),
      () => this.#malformed(),
    ];
    for (let step = 0; step < steps; step++) {
      await this.#choose.of(makers)();
      if (step % 25 === 0) await this.#compareAll();
    }
    await this.#compareAll();
  }

  /** Runs a request that must end as the model says; `then` takes over what it changed. */
  async #expect(
    operation: string,
    input: object,
    code: Code,
    then: (output: Output) => void = () => {},
  ): Promise<void> {
    const text = `${operation} ${JSON.stringify(input, shorten)} -> ${code ?? "ok"}`;
    this.log.push(text);
    const outcome = `${operation} ${code ?? "ok"}`;
    this.seen.set(outcome, (this.seen.get(outcome) ?? 0) + 1);
    let output: Output;
    try {
      output = await this.#call(operation, input);
    } catch (error) {
      const name = (error as Error).name;
      if (name === code) return this.#choose.once(4) ? this.#compareAll() : undefined;
      throw new Error(`${text}, but the service answered ${name}: ${(error as Error).message}`, { cause: error });
    }
    if (code !== undefined) throw new Error(`${text}, but the service did it`);
    then(output);
  }

  /** Now and then the same as a dry run first, which must change nothing. */
  async #maybeDry(operation: string, input: object, code: Code): Promise<void> {
    if (this.#choose.once(3))
      await this.#expect(operation, { ...input, DryRun: true }, code ?? "DryRunOperationException");
  }

  #reference(): Reference {
    const { keys, aliases } = this.#model;
    if (aliases.size > 0 && this.#choose.once(4)) {
      const alias = this.#choose.once(8) ? "alias/none" : this.#choose.of([...aliases.keys()]);
      return { text: this.#choose.once(2) ? alias : `${ARN_PREFIX}:${alias}`, alias, keyId: undefined };
    }
    const keyId = keys.size === 0 || this.#choose.once(20) ? GONE : this.#choose.of([...keys.keys()]);
    return { text: this.#choose.once(2) ? keyId : `${ARN_PREFIX}:key/${keyId}`, alias: undefined, keyId };
  }

  #context(): Record<string, string> {
    return this.#choose.of([{}, { a: "bc" }, { ab: "c" }, { a: "b", c: "d" }]);
  }

  async #create(): Promise<void> {
    if (this.#model.keys.size >= MAX_KEYS) return this.#pass();
    const [spec, usage] = this.#choose.of(SPECS);
    await this.#expect("CreateKey", { KeySpec: spec, KeyUsage: usage }, undefined, ({ KeyMetadata: { KeyId: id } }) => {
      const state = { state: "Enabled", deletionAtMs: undefined, description: "", rotations: 0 } as const;
      this.#model.keys.set(id, { id, spec, usage, ...state, tags: new Map() });
    });
  }

  async #switch(): Promise<void> {
    const reference = this.#reference();
    const [operation, state] = this.#choose.of([
      ["EnableKey", "Enabled"],
      ["DisableKey", "Disabled"],
    ] as const);
    await this.#expect(operation, { KeyId: reference.text }, this.#model.checkManaging(reference, false), () => {
      this.#model.find(reference)!.state = state;
    });
  }

  async #schedule(): Promise<void> {
    const reference = this.#reference();
    if (this.#choose.once(2)) {
      return this.#expect("CancelKeyDeletion", { KeyId: reference.text }, this.#model.checkCancel(reference), () => {
        Object.assign(this.#model.find(reference)!, { state: "Disabled", deletionAtMs: undefined });
      });
    }
    if (!this.#choose.once(3)) return this.#pass();
    const days = this.#choose.of([6, 7, 30, 31]);
    const code = days < 7 || days > 30 ? "ValidationException" : this.#model.checkManaging(reference, false);
    await this.#expect("ScheduleKeyDeletion", { KeyId: reference.text, PendingWindowInDays: days }, code, () => {
      const deletionAtMs = this.#model.nowMs + days * DAY_MS;
      Object.assign(this.#model.find(reference)!, { state: "PendingDeletion", deletionAtMs });
    });
  }

  #keep<T>(kept: T[], item: T): void {
    if (kept.length < MAX_KEPT) kept.push(item);
    else kept[this.#choose.below(MAX_KEPT)] = item;
  }

  async #encrypt(): Promise<void> {
    const reference = this.#reference();
    const key = this.#model.find(reference);
    const code = this.#model.checkUse(key, "ENCRYPT_DECRYPT");
    const [context, plaintext] = [this.#context(), this.#choose.bytes(1 + this.#choose.below(40))];
    const input = { KeyId: reference.text, Plaintext: plaintext, EncryptionContext: context };
    await this.#maybeDry("Encrypt", input, code);
    await this.#expect("Encrypt", input, code, ({ CiphertextBlob: blob }) =>
      this.#keep(this.#model.ciphertexts, { blob, keyId: key!.id, context, plaintext }),
    );
  }

  #ciphertext(): { ciphertext: Ciphertext; context: Record<string, string> } | undefined {
    if (this.#model.ciphertexts.length === 0) return undefined;
    const ciphertext = this.#choose.of(this.#model.ciphertexts);
    return { ciphertext, context: this.#choose.once(4) ? this.#context() : ciphertext.context };
  }

  async #decrypt(): Promise<void> {
    const chosen = this.#ciphertext();
    if (chosen === undefined) return;
    const { ciphertext, context } = chosen;
    const named = this.#choose.once(3) ? this.#reference() : undefined;
    const input = { CiphertextBlob: ciphertext.blob, EncryptionContext: context, ...(named && { KeyId: named.text }) };
    const code = this.#model.checkDecrypt(ciphertext, context, named);
    await this.#maybeDry("Decrypt", input, code);
    await this.#expect("Decrypt", input, code, ({ Plaintext }) => same(Plaintext, ciphertext.plaintext));
  }

  async #reEncrypt(): Promise<void> {
    const chosen = this.#ciphertext();
    if (chosen === undefined) return;
    const { ciphertext, context } = chosen;
    const destination = this.#reference();
    const code = this.#model.checkReEncrypt(ciphertext, context, destination);
    const input = {
      CiphertextBlob: ciphertext.blob,
      SourceEncryptionContext: context,
      DestinationKeyId: destination.text,
    };
    await this.#expect("ReEncrypt", input, code, ({ CiphertextBlob: blob }) => {
      const { id: keyId } = this.#model.find(destination)!;
      this.#keep(this.#model.ciphertexts, { blob, keyId, context: {}, plaintext: ciphertext.plaintext });
    });
  }

  async #dataKey(): Promise<void> {
    const reference = this.#reference();
    const key = this.#model.find(reference);
    const code = this.#model.checkUse(key, "ENCRYPT_DECRYPT");
    const context = this.#context();
    const input = { KeyId: reference.text, KeySpec: "AES_256", EncryptionContext: context };
    await this.#maybeDry("GenerateDataKey", input, code);
    await this.#expect("GenerateDataKey", input, code, ({ CiphertextBlob: blob, Plaintext: plaintext }) =>
      this.#keep(this.#model.ciphertexts, { blob, keyId: key!.id, context, plaintext }),
    );
  }

  async #mac(): Promise<void> {
    const old = this.#model.macs.length > 0 && this.#choose.once(2) ? this.#choose.of(this.#model.macs) : undefined;
    if (old === undefined) {
      const reference = this.#reference();
      const key = this.#model.find(reference);
      const message = this.#choose.bytes(20);
      const code = this.#model.checkUse(key, "GENERATE_VERIFY_MAC");
      return this.#expect("GenerateMac", { KeyId: reference.text, Message: message, ...MAC }, code, ({ Mac: proof }) =>
        this.#keep(this.#model.macs, { keyId: key!.id, message, proof }),
      );
    }
    const isChanged = this.#choose.once(4);
    const Message = isChanged ? this.#choose.bytes(21) : old.message;
    const input = { KeyId: old.keyId, Message, Mac: old.proof, ...MAC };
    const code = this.#model.checkUse(this.#model.keys.get(old.keyId), "GENERATE_VERIFY_MAC");
    await this.#expect("VerifyMac", input, code ?? (isChanged ? "KMSInvalidMacException" : undefined));
  }

  async #sign(): Promise<void> {
    const { signatures } = this.#model;
    const old = signatures.length > 0 && this.#choose.once(2) ? this.#choose.of(signatures) : undefined;
    if (old === undefined) {
      const reference = this.#reference();
      const key = this.#model.find(reference);
      const message = this.#choose.bytes(20);
      const code = this.#model.checkUse(key, "SIGN_VERIFY");
      const input = { KeyId: reference.text, Message: message, ...SIGNING };
      await this.#maybeDry("Sign", input, code);
      return this.#expect("Sign", input, code, ({ Signature: proof }) =>
        this.#keep(signatures, { keyId: key!.id, message, proof }),
      );
    }
    const isChanged = this.#choose.once(4);
    const Message = isChanged ? this.#choose.bytes(21) : old.message;
    const input = { KeyId: old.keyId, Message, Signature: old.proof, ...SIGNING };
    const code = this.#model.checkUse(this.#model.keys.get(old.keyId), "SIGN_VERIFY");
    await this.#expect("Verify", input, code ?? (isChanged ? "KMSInvalidSignatureException" : undefined));
  }

  async #alias(): Promise<void> {
    const name = this.#choose.once(20) ? "alias/aws/x" : `alias/${this.#choose.below(20)}`;
    const target = this.#reference();
    const code = this.#model.checkCreateAlias(name, target);
    await this.#expect("CreateAlias", { AliasName: name, TargetKeyId: target.text }, code, () =>
      this.#model.aliases.set(name, target.keyId!),
    );
  }

  async #moveAlias(): Promise<void> {
    const name = `alias/${this.#choose.below(20)}`;
    if (this.#choose.once(3)) {
      const code = this.#model.aliases.has(name) ? undefined : "NotFoundException";
      return this.#expect("DeleteAlias", { AliasName: name }, code, () => this.#model.aliases.delete(name));
    }
    const target = this.#reference();
    const code = this.#model.checkUpdateAlias(name, target);
    await this.#expect("UpdateAlias", { AliasName: name, TargetKeyId: target.text }, code, () =>
      this.#model.aliases.set(name, target.keyId!),
    );
  }

  async #tag(): Promise<void> {
    const reference = this.#reference();
    const name = this.#choose.of(["a", "b", "c", "aws:d"]);
    const code = name.startsWith("aws:") ? "TagException" : this.#model.checkManaging(reference, false);
    if (this.#choose.once(3)) {
      return this.#expect("UntagResource", { KeyId: reference.text, TagKeys: [name] }, code, () =>
        this.#model.find(reference)!.tags.delete(name),
      );
    }
    const value = String(this.#choose.below(9));
    const Tags = [{ TagKey: name, TagValue: value }];
    await this.#expect("TagResource", { KeyId: reference.text, Tags }, code, () =>
      this.#model.find(reference)!.tags.set(name, value),
    );
  }

  async #describe(): Promise<void> {
    const reference = this.#reference();
    const Description = `words ${this.#choose.below(99)}`;
    const code = this.#model.checkManaging(reference, false);
    await this.#expect("UpdateKeyDescription", { KeyId: reference.text, Description }, code, () => {
      this.#model.find(reference)!.description = Description;
    });
  }

  async #rotate(): Promise<void> {
    const reference = this.#reference();
    await this.#expect("RotateKeyOnDemand", { KeyId: reference.text }, this.#model.checkRotate(reference), () => {
      this.#model.find(reference)!.rotations++;
    });
  }

  async #pass(): Promise<void> {
    if (!this.#choose.once(4)) return;
    const ms = this.#choose.of([1, DAY_MS, 8 * DAY_MS]);
    this.log.push(`${ms} ms pass`);
    this.#service.advance(ms);
    this.#model.advance(ms);
  }

  /** Members of wrong types are refused; members that the model of AWS does not know change nothing. */
  async #malformed(): Promise<void> {
    const { text } = this.#reference();
    const wrong: [string, object, string][] = [
      ["Encrypt", { KeyId: text, Plaintext: "text" }, "SerializationException"],
      ["EnableKey", { KeyId: [text] }, "SerializationException"],
      ["DisableKey", { keyId: text }, "ValidationException"],
      ["ScheduleKeyDeletion", { KeyId: text, PendingWindowInDays: "7" }, "SerializationException"],
      ["TagResource", { KeyId: text, Tags: [{ TagKey: "x" }] }, "ValidationException"],
      ["RotateKeyOnDemand", Object.create({ KeyId: text }), "ValidationException"],
    ];
    const [operation, input, code] = this.#choose.of(wrong);
    await this.#expect(operation, input, code);
    await this.#expect("GenerateRandom", { NumberOfBytes: 8, KeyId: text, KeyState: "Disabled" }, undefined);
  }

  /** Everything that can be read, against the model. */
  async #compareAll(): Promise<void> {
    const { keys, aliases } = this.#model;
    for (const key of keys.values()) {
      const { KeyMetadata: seen } = await this.#call("DescribeKey", { KeyId: key.id });
      const { Tags } = await this.#call("ListResourceTags", { KeyId: key.id });
      equal(
        "key",
        [seen.KeyState, seen.Description, seen.DeletionDate?.getTime(), seen.KeySpec],
        [key.state, key.description, key.deletionAtMs, key.spec],
      );
      const tags = (Tags as { TagKey: string; TagValue: string }[]).map(({ TagKey, TagValue }) => [TagKey, TagValue]);
      equal(`tags of ${key.id}`, tags, [...key.tags].sort());
    }
    equal("keys", await this.#list("ListKeys", "Keys", ({ KeyId }) => KeyId), [...keys.keys()].sort());
    const listed = await this.#list(
      "ListAliases",
      "Aliases",
      ({ AliasName, TargetKeyId }) => `${AliasName} ${TargetKeyId}`,
    );
    equal("aliases", listed, [...aliases].map(([name, id]) => `${name} ${id}`).sort());
  }

  async #list(operation: string, member: string, nameOf: (item: Output) => string): Promise<string[]> {
    const names: string[] = [];
    const Limit = 1 + this.#choose.below(4);
    for (let Marker: string | undefined; ; ) {
      const page: Output = await this.#call(operation, { Limit, ...(Marker !== undefined && { Marker }) });
      names.push(...page[member].map(nameOf));
      Marker = page.NextMarker;
      if (Marker === undefined) return names.sort();
    }
  }
}

function same(a: Uint8Array, b: Uint8Array): void {
  if (Buffer.compare(a, b) !== 0) throw new Error("The plaintext is another one.");
}

function equal(what: string, seen: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (a !== b) throw new Error(`The ${what}: the service has ${a}, the model ${b}`);
}

function shorten(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `${value.length} bytes` : value;
}
