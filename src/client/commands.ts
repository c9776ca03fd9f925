/**
 * Our own light commands: a name and an input, nothing else. They stand for those of @aws-sdk/client-kms where that
 * package is not wanted; `KMSClient.send` takes both.
 */
import type { InputOf, OperationName } from "../operations/index.ts";

/** A request: the operation's AWS name and its input. */
export interface Command<N extends OperationName = OperationName> {
  readonly operation: N;
  readonly input: InputOf<N>;
}

/** The input, which may be left out where nothing in it is required. */
export type OptionalInput<N extends OperationName> =
  Record<string, never> extends InputOf<N> ? [input?: InputOf<N>] : [input: InputOf<N>];

interface CommandClass<N extends OperationName> {
  new (...args: OptionalInput<N>): Command<N>;
}

function commandFor<N extends OperationName>(operation: N): CommandClass<N> {
  return class {
    readonly operation = operation;
    readonly input: InputOf<N>;
    constructor(...[input]: OptionalInput<N>) {
      this.input = input ?? ({} as InputOf<N>);
    }
  };
}

export const CancelKeyDeletionCommand = commandFor("CancelKeyDeletion");
export const ConnectCustomKeyStoreCommand = commandFor("ConnectCustomKeyStore");
export const CreateAliasCommand = commandFor("CreateAlias");
export const CreateCustomKeyStoreCommand = commandFor("CreateCustomKeyStore");
export const CreateGrantCommand = commandFor("CreateGrant");
export const CreateKeyCommand = commandFor("CreateKey");
export const DecapsulateCommand = commandFor("Decapsulate");
export const DecryptCommand = commandFor("Decrypt");
export const DeleteAliasCommand = commandFor("DeleteAlias");
export const DeleteCustomKeyStoreCommand = commandFor("DeleteCustomKeyStore");
export const DeleteImportedKeyMaterialCommand = commandFor("DeleteImportedKeyMaterial");
export const DeriveSharedSecretCommand = commandFor("DeriveSharedSecret");
export const DescribeCustomKeyStoresCommand = commandFor("DescribeCustomKeyStores");
export const DescribeKeyCommand = commandFor("DescribeKey");
export const DisableKeyCommand = commandFor("DisableKey");
export const DisableKeyRotationCommand = commandFor("DisableKeyRotation");
export const DisconnectCustomKeyStoreCommand = commandFor("DisconnectCustomKeyStore");
export const EnableKeyCommand = commandFor("EnableKey");
export const EnableKeyRotationCommand = commandFor("EnableKeyRotation");
export const EncapsulateCommand = commandFor("Encapsulate");
export const EncryptCommand = commandFor("Encrypt");
export const GenerateDataKeyCommand = commandFor("GenerateDataKey");
export const GenerateDataKeyPairCommand = commandFor("GenerateDataKeyPair");
export const GenerateDataKeyPairWithoutPlaintextCommand = commandFor("GenerateDataKeyPairWithoutPlaintext");
export const GenerateDataKeyWithoutPlaintextCommand = commandFor("GenerateDataKeyWithoutPlaintext");
export const GenerateMacCommand = commandFor("GenerateMac");
export const GenerateRandomCommand = commandFor("GenerateRandom");
export const GetKeyLastUsageCommand = commandFor("GetKeyLastUsage");
export const GetKeyPolicyCommand = commandFor("GetKeyPolicy");
export const GetKeyRotationStatusCommand = commandFor("GetKeyRotationStatus");
export const GetParametersForImportCommand = commandFor("GetParametersForImport");
export const GetPublicKeyCommand = commandFor("GetPublicKey");
export const ImportKeyMaterialCommand = commandFor("ImportKeyMaterial");
export const ListAliasesCommand = commandFor("ListAliases");
export const ListGrantsCommand = commandFor("ListGrants");
export const ListKeyPoliciesCommand = commandFor("ListKeyPolicies");
export const ListKeyRotationsCommand = commandFor("ListKeyRotations");
export const ListKeysCommand = commandFor("ListKeys");
export const ListResourceTagsCommand = commandFor("ListResourceTags");
export const ListRetirableGrantsCommand = commandFor("ListRetirableGrants");
export const PutKeyPolicyCommand = commandFor("PutKeyPolicy");
export const ReEncryptCommand = commandFor("ReEncrypt");
export const ReplicateKeyCommand = commandFor("ReplicateKey");
export const RetireGrantCommand = commandFor("RetireGrant");
export const RevokeGrantCommand = commandFor("RevokeGrant");
export const RotateKeyOnDemandCommand = commandFor("RotateKeyOnDemand");
export const ScheduleKeyDeletionCommand = commandFor("ScheduleKeyDeletion");
export const SignCommand = commandFor("Sign");
export const TagResourceCommand = commandFor("TagResource");
export const UntagResourceCommand = commandFor("UntagResource");
export const UpdateAliasCommand = commandFor("UpdateAlias");
export const UpdateCustomKeyStoreCommand = commandFor("UpdateCustomKeyStore");
export const UpdateKeyDescriptionCommand = commandFor("UpdateKeyDescription");
export const UpdatePrimaryRegionCommand = commandFor("UpdatePrimaryRegion");
export const VerifyCommand = commandFor("Verify");
export const VerifyMacCommand = commandFor("VerifyMac");
