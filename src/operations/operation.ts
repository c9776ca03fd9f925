/**
 * An operation is data. Every check that a handler could forget is declared here and made by the kernel: members and
 * their limits, which keys are touched and how they may be named, the permission, usage, states, algorithm, DryRun.
 */
import type { KeyMaterialKind } from "../crypto/algorithms.ts";
import type { Caller } from "../env.ts";
import { KmsError, type KmsErrorCode } from "../errors.ts";
import type { Key, KeyUsage } from "../keys/key.ts";
import type { OriginRule, StateRule } from "../keys/state.ts";
import type { StructShape, ValueOf } from "../model/shape.ts";
import type { Policy } from "../policy/policy.ts";
import type { Ready } from "../records/ready.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import type { Services } from "../services.ts";

/** A key that an operation touches. */
export interface Target<Member extends string = string> {
  /**
   * The member that names the key; for a ciphertext, the blob that names it and the member that may confirm it; for a
   * grant, the token that names it, or else the members that do.
   */
  readonly from:
    | Member
    | { readonly blob: Member; readonly keyId: Member }
    | { readonly grantToken: Member; readonly keyId: Member; readonly grantId: Member };
  /** The permission, as "kms:Encrypt". */
  readonly action: string;
  readonly states: StateRule;
  readonly usage?: KeyUsage;
  /** The member that names an algorithm, which must be one of the key's; absent, it is SYMMETRIC_DEFAULT. */
  readonly algorithm?: Member;
  /** The member that holds an encryption context, which asymmetric keys do not take. */
  readonly context?: Member;
  /** The only kind of key there can be, and what AWS answers for others. */
  readonly only?: { readonly material: KeyMaterialKind; readonly code: KmsErrorCode; readonly message?: string };
  /** Where the key's material has to come from. */
  readonly origin?: OriginRule;
  /** What AWS answers to an alias; "allowed" where an alias is as good as a key id. */
  readonly alias: "allowed" | "invalid-arn" | "must-be-key";
  /** The Region that a multi-Region key has to be in: its primary one alone, or no replica Region. */
  readonly region?: "primary" | "no-replica";
  /** The member may be absent; the handler then gets no key. */
  readonly optional?: true;
  /** Whether the key may belong to another account than the caller's. */
  readonly crossAccount?: true;
}

export type Targets<Member extends string = string> = { readonly [slot: string]: Target<Member> };

/** A target that the kernel has resolved, authorized and checked. */
export interface ResolvedKey {
  readonly key: Key;
  readonly arn: string;
  /** The alias of another account by which the request names it; a denial names no more. */
  readonly shownAs?: string;
  /** Of the account that owns the key. */
  readonly services: Services;
}

type ResolvedKeys<T extends Targets> = {
  readonly [Slot in keyof T]: T[Slot] extends { optional: true } ? ResolvedKey | undefined : ResolvedKey;
};

interface Request<I extends StructShape, T extends Targets, P> {
  readonly input: ValueOf<I>;
  readonly keys: ResolvedKeys<T>;
  /** Of the account that owns the first key; without one, of the account to which the request was sent. */
  readonly services: Services;
  readonly caller: Caller;
  /** Whether the caller could still change the policy of a key whose policy this is. */
  readonly mayPutKeyPolicy: (policy: Policy) => Ready<boolean>;
  /** What `prepare` has made. */
  readonly prepared: P;
}

/** What a preparation may use besides the services. */
export interface Preparing {
  readonly caller: Caller;
  /** What was read may have changed when the handler runs. */
  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T>;
}

/** Permissions in another Region of the account. */
export interface Elsewhere<Member extends string = string> {
  /** The member that names the Region. */
  readonly region: Member;
  readonly action: string;
  /** Whether it is about the same key there, or makes one like it. */
  readonly onKey: boolean;
}

/** Slow work that must not hold up other writes: made once, before the transaction, and disposed of after it. */
interface Preparation<I extends StructShape, P> {
  prepare(input: ValueOf<I>, services: Services, preparing: Preparing): Promise<P>;
  dispose(prepared: P): void;
}

interface Declared<I extends StructShape, O extends StructShape, T extends Targets, P> {
  readonly name: string;
  readonly input: I;
  readonly output: O;
  readonly targets: T;
  /** The permission of an operation that touches no key. */
  readonly action?: string;
  /** Whether it needs kms:TagResource as well. */
  readonly tags?: (input: ValueOf<I>) => boolean;
  /** The member that names an alias, on which the action of the first target is needed as well. */
  readonly aliasName?: keyof I["members"] & string;
  /** What the members must satisfy together, judged before any key is looked up. @throws {KmsError} */
  validate?(input: ValueOf<I>): void;
  /** What it needs in another Region as well. */
  readonly elsewhere?: Elsewhere<keyof I["members"] & string>;
  /** Runs when the caller may use `action`. */
  readonly preparation?: Preparation<I, P>;
  /** Whether it changes nothing for anybody, although its effect is a write. */
  readonly readOnly?: true;
  /** The secret member of the answer, which is sealed where the request names a Recipient. */
  readonly recipientGets?: keyof O["members"] & string;
  /** Members that AWS knows and we refuse by name (UnsupportedOperationException) rather than ignore. */
  readonly unsupported?: readonly (keyof I["members"] & string)[];
}

/** A "write" handler runs again from the start if another process changed what it read. */
type Handled<I extends StructShape, O extends StructShape, T extends Targets, P> =
  | {
      readonly effect: "read";
      handle(request: Request<I, T, P> & { readonly tx: ReadTransaction }): Ready<ValueOf<O>>;
    }
  | {
      readonly effect: "write";
      handle(request: Request<I, T, P> & { readonly tx: Transaction }): Ready<ValueOf<O>>;
    };

/** What follows from the targets. */
interface Slotted {
  /** Whether it uses keys for cryptography, which is noted as their last usage. */
  readonly usesKeys: boolean;
  /** The targets once more, in order. */
  readonly slots: readonly (readonly [slot: string, target: Target])[];
}

export type Operation<I extends StructShape, O extends StructShape, T extends Targets, P> = Declared<I, O, T, P> &
  Handled<I, O, T, P> &
  Slotted;

/** An operation of any shapes, as the kernel sees it. */
export interface AnyOperation
  extends Omit<
      Declared<StructShape, StructShape, Targets, unknown>,
      "unsupported" | "validate" | "preparation" | "tags" | "aliasName" | "elsewhere" | "recipientGets"
    >,
    Slotted {
  readonly unsupported?: readonly string[];
  readonly aliasName?: string;
  readonly elsewhere?: Elsewhere;
  readonly recipientGets?: string;
  // biome-ignore lint/suspicious/noExplicitAny: the declaration has tied the input to the shape
  tags?(input: any): boolean;
  readonly effect: "read" | "write";
  // biome-ignore lint/suspicious/noExplicitAny: the declaration has tied the input to the shape
  validate?(input: any): void;
  readonly preparation?: {
    // biome-ignore lint/suspicious/noExplicitAny: the declaration has tied the input to the shape
    prepare(input: any, services: Services, preparing: Preparing): Promise<unknown>;
    // biome-ignore lint/suspicious/noExplicitAny: the declaration has tied what is prepared to its handler
    dispose(prepared: any): void;
  };
  // biome-ignore lint/suspicious/noExplicitAny: the declaration has tied the request to the shapes
  handle(request: any): Ready<object>;
}

/** What an operation answers that is declared and not built. */
export function notSupported(name: string): KmsError {
  return new KmsError("UnsupportedOperationException", `${name} is not supported in this Region yet.`);
}

/** Whether a request wants its checks judged without its ciphertext. Source: "DryRunModifiers" of Decrypt. */
export function ignoresCiphertext(input: { readonly DryRun?: unknown; readonly DryRunModifiers?: unknown }): boolean {
  const { DryRun, DryRunModifiers } = input;
  return DryRun === true && Array.isArray(DryRunModifiers) && DryRunModifiers.includes("IGNORE_CIPHERTEXT");
}

/** Declares an operation; the types tie its slots, input, output and preparation together. */
export function operation<
  I extends StructShape,
  O extends StructShape,
  const T extends Targets<keyof I["members"] & string>,
  P = undefined,
>(declared: Declared<I, O, T, P> & Handled<I, O, T, P>): Operation<I, O, T, P> {
  const slots: [string, Target][] = Object.entries(declared.targets);
  return { ...declared, slots, usesKeys: slots.some(([, { usage }]) => usage !== undefined) };
}
