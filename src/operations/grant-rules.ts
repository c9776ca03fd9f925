/** What CreateGrant asks of its members, together and for its key. Source: AWS KMS API reference, "CreateGrant". */
import { KmsError } from "../errors.ts";
import { isAsymmetric, isSymmetric, type Key, type KeyUsage } from "../keys/key.ts";

const MAX_CONTEXT_PAIRS = 8;
const MAX_CONTEXT_VALUE_LENGTH = 384;

type Context = Readonly<Record<string, string>>;

/** What is judged of a CreateGrant request. */
interface WantedGrant {
  readonly Operations: readonly string[];
  readonly GranteePrincipal?: string | undefined;
  readonly GranteeServicePrincipal?: string | undefined;
  readonly RetiringPrincipal?: string | undefined;
  readonly RetiringServicePrincipal?: string | undefined;
  readonly Constraints?:
    | {
        readonly EncryptionContextEquals?: Context | undefined;
        readonly EncryptionContextSubset?: Context | undefined;
        readonly SourceArn?: string | undefined;
      }
    | undefined;
}

/** @throws {KmsError} ValidationException for members that do not go together, whatever the key */
export function checkTogether(wanted: WantedGrant): void {
  checkPrincipals(wanted);
  const { Operations, Constraints = {} } = wanted;
  if (Operations.length === 0) throw invalid("Grants must contain at least one operation.");
  if (Operations.every((operation) => operation === "CreateGrant")) {
    throw invalid("Grants must not contain only the CreateGrant operation.");
  }
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints;
  if (EncryptionContextEquals !== undefined && EncryptionContextSubset !== undefined) {
    throw invalid("Please specify either EncryptionContextEquals or EncryptionContextSubset, not both.");
  }
  const context = EncryptionContextEquals ?? EncryptionContextSubset;
  if (context !== undefined) checkContext(context);
}

/** @throws {KmsError} ValidationException for what no grant on this key can have */
export function checkForKey({ Operations, Constraints = {} }: WantedGrant, key: Key): void {
  const grantable = grantableOn(key);
  const wrong = Operations.find((operation) => !grantable.includes(operation));
  if (wrong !== undefined) {
    throw invalid(
      `The operation ${wrong} is not valid in a grant for key spec ${key.keySpec} and usage ${key.keyUsage}.`,
    );
  }
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints;
  if ((EncryptionContextEquals ?? EncryptionContextSubset) === undefined || isSymmetric(key)) return;
  throw invalid("Encryption context constraints are supported only in grants for symmetric encryption KMS keys.");
}

function checkPrincipals(wanted: WantedGrant): void {
  const { GranteePrincipal, GranteeServicePrincipal, RetiringPrincipal, RetiringServicePrincipal } = wanted;
  if ((GranteePrincipal === undefined) === (GranteeServicePrincipal === undefined)) {
    throw invalid("Please specify either GranteePrincipal or GranteeServicePrincipal.");
  }
  if (RetiringPrincipal !== undefined && RetiringServicePrincipal !== undefined) {
    throw invalid("Please specify either RetiringPrincipal or RetiringServicePrincipal, not both.");
  }
  if (GranteeServicePrincipal === undefined) return;
  if (wanted.Constraints?.SourceArn === undefined) {
    throw invalid("A grant with a GranteeServicePrincipal must have a SourceArn constraint.");
  }
  if ((RetiringPrincipal ?? RetiringServicePrincipal) === undefined) {
    throw invalid("A grant with a GranteeServicePrincipal must have a RetiringPrincipal or RetiringServicePrincipal.");
  }
}

function checkContext(context: Context): void {
  const keys = Object.keys(context);
  if (keys.length > MAX_CONTEXT_PAIRS) {
    throw invalid(`A grant constraint can have at most ${MAX_CONTEXT_PAIRS} encryption context pairs.`);
  }
  if (keys.some((key) => context[key]!.length > MAX_CONTEXT_VALUE_LENGTH)) {
    throw invalid(
      `An encryption context value in a grant constraint has at most ${MAX_CONTEXT_VALUE_LENGTH} characters.`,
    );
  }
  // Grants compare the keys of a context without regard to case, so that such a pair would be one key with two values.
  if (new Set(keys.map((key) => key.toLowerCase())).size < keys.length) {
    throw invalid("Two encryption context keys in a grant constraint differ by case alone.");
  }
}

const ON_EVERY_KEY = ["CreateGrant", "RetireGrant", "DescribeKey"];
const ON_SYMMETRIC_KEYS = [
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
];
const BY_USAGE: Readonly<Record<KeyUsage, readonly string[]>> = {
  ENCRYPT_DECRYPT: ["Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo"],
  SIGN_VERIFY: ["Sign", "Verify"],
  GENERATE_VERIFY_MAC: ["GenerateMac", "VerifyMac"],
  KEY_AGREEMENT: ["DeriveSharedSecret"],
  ENCAPSULATE_DECAPSULATE: ["Encapsulate", "Decapsulate"],
};

/** Source: AWS KMS Developer Guide, "Grant operations". */
function grantableOn(key: Key): readonly string[] {
  const byMaterial = isAsymmetric(key) ? ["GetPublicKey"] : isSymmetric(key) ? ON_SYMMETRIC_KEYS : [];
  return [...ON_EVERY_KEY, ...BY_USAGE[key.keyUsage], ...byMaterial];
}

function invalid(message: string): KmsError {
  return new KmsError("ValidationException", message);
}
