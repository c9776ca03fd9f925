/** Whether our operations are those of the installed @aws-sdk/client-kms: what is missing or extra is named. */
import { describe, expect, it } from "vitest";
import { ERRORS } from "../../src/errors.ts";
import { required, struct } from "../../src/model/shape.ts";
import { OPERATIONS } from "../../src/operations/index.ts";
import { findDrift, type Operations, shapesOf } from "./compare.ts";
import { SDK_ENUMERATIONS, SDK_ERRORS, SDK_OPERATIONS } from "./sdk-schema.ts";

/** Codes that every AWS service answers, which the SDK has no class for. */
const COMMON_ERRORS = [
  "AccessDeniedException",
  "SerializationException",
  "ThrottlingException",
  "UnknownOperationException",
  "ValidationException",
];

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((value) => b.includes(value));

describe("the comparison", () => {
  const { Encrypt, ...rest } = OPERATIONS;
  const input = (members: Record<string, never>): Operations =>
    ({ ...rest, Encrypt: { ...Encrypt, input: struct({ ...Encrypt.input.members, ...members }) } }) as never;
  const { DryRun, ...withoutDryRun } = Encrypt.input.members;
  const { shape: plaintext } = Encrypt.input.members.Plaintext;

  it.each([
    ["a missing operation", rest, "Encrypt is missing"],
    ["an operation too many", { ...OPERATIONS, Excrypt: Encrypt }, "Excrypt is none of the SDK's"],
    ["a wrong name", { ...rest, Encrypt: { ...Encrypt, name: "X" } }, "Encrypt calls itself X"],
    [
      "a missing member",
      { ...rest, Encrypt: { ...Encrypt, input: struct(withoutDryRun) } },
      "EncryptRequest.DryRun is missing",
    ],
    ["a member too many", input({ More: DryRun } as never), "EncryptRequest.More is extra"],
    ["a flag too many", input({ DryRun: required(DryRun) } as never), "EncryptRequest.DryRun is required"],
    ["a missing flag", input({ Plaintext: plaintext } as never), "EncryptRequest.Plaintext is not required"],
    [
      "another kind",
      input({ DryRun: { kind: "string" } } as never),
      "EncryptRequest.DryRun is a string; the SDK says boolean",
    ],
    [
      "a secret that is not treated as one",
      input({ Plaintext: required({ kind: "blob" }) } as never),
      "EncryptRequest.Plaintext is not sensitive",
    ],
  ])("names %s", (_, operations, finding) => {
    const known = new Set(findDrift(OPERATIONS, SDK_OPERATIONS));
    expect(findDrift(operations as never, SDK_OPERATIONS).filter((found) => !known.has(found))).toEqual([finding]);
  });
});

describe("compared with the SDK", () => {
  it("no operation or member is missing, extra or different", () => {
    expect(findDrift(OPERATIONS, SDK_OPERATIONS)).toEqual([]);
  });

  it("every enumeration is one of the SDK's", () => {
    const sets = [...SDK_ENUMERATIONS.values()];
    const strange = [...shapesOf(OPERATIONS)].filter(
      ([, shape]) => shape.kind === "string" && shape.values && !sets.some((set) => same(set, shape.values!)),
    );
    expect(strange.map(([path]) => path)).toEqual([]);
    expect(sets.length).toBeGreaterThan(0);
  });

  it("the codes of errors and their faults are the same", () => {
    const ours = Object.entries(ERRORS).filter(([code]) => !COMMON_ERRORS.includes(code));
    expect(Object.fromEntries(ours.map(([code, { fault }]) => [code, fault]))).toEqual(Object.fromEntries(SDK_ERRORS));
    for (const code of COMMON_ERRORS) expect(Object.keys(ERRORS)).toContain(code);
  });

  it("the operations that count as a key's last usage are those that the SDK knows", () => {
    const tracked = Object.values(OPERATIONS).filter(({ usesKeys }) => usesKeys);
    const expected = SDK_ENUMERATIONS.get("KeyLastUsageTrackingOperation")!;
    expect(tracked.map(({ name }) => name).sort()).toEqual([...expected].sort());
  });
});
