#!/bin/sh
# Operations of AWS KMS through an unmodified AWS CLI ($1), against the endpoint $2, signed with the credentials of the
# environment. Then requests that must not be let in. Prints how many were called.
set -eu
exec 3>&1 1>/dev/null
aws=$1
url=$2
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
export AWS_DEFAULT_REGION=us-east-2 AWS_PAGER=

kms() {
  echo "$1" >>"$folder/calls"
  "$aws" --endpoint-url "$url" --output text kms "$@"
}
equal() {
  [ "$1" = "$2" ] || { echo "expected $2, got $1" >&2; exit 1; }
}
refused() {
  code=$1
  shift
  if answer=$(kms "$@" 2>&1); then echo "$* was not refused" >&2; exit 1; fi
  case $answer in *"($code)"*) ;; *) echo "$* answered $answer, not $code" >&2; exit 1 ;; esac
}

# Bytes go in as files: version 1 of the CLI takes an argument as it stands, version 2 takes it as base64.
printf hello >"$folder/hello"
printf text >"$folder/message"
key=$(kms create-key --description cli --query KeyMetadata.KeyId)
equal "$(kms describe-key --key-id "$key" --query KeyMetadata.Arn)" "arn:aws:kms:us-east-2:123456789012:key/$key"
kms create-alias --alias-name alias/cli --target-key-id "$key"
equal "$(kms list-aliases --query 'Aliases[].AliasName')" alias/cli
blob=$(kms encrypt --key-id alias/cli --plaintext "fileb://$folder/hello" --encryption-context tenant=7 --query CiphertextBlob)
printf %s "$blob" | base64 -d >"$folder/blob"
equal "$(kms decrypt --ciphertext-blob "fileb://$folder/blob" --encryption-context tenant=7 --query Plaintext)" aGVsbG8=
refused InvalidCiphertextException decrypt --ciphertext-blob "fileb://$folder/blob"
equal "$(kms generate-data-key --key-id "$key" --key-spec AES_256 --query KeyId)" "arn:aws:kms:us-east-2:123456789012:key/$key"
signer=$(kms create-key --key-spec RSA_2048 --key-usage SIGN_VERIFY --query KeyMetadata.KeyId)
kms sign --key-id "$signer" --message "fileb://$folder/message" --signing-algorithm RSASSA_PSS_SHA_256 --query Signature | base64 -d >"$folder/signature"
equal "$(kms verify --key-id "$signer" --message "fileb://$folder/message" --signing-algorithm RSASSA_PSS_SHA_256 \
  --signature "fileb://$folder/signature" --query SignatureValid)" True
kms get-public-key --key-id "$signer" --query PublicKey | base64 -d >"$folder/public.der"
equal "$(openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -keyform DER \
  -verify "$folder/public.der" -signature "$folder/signature" "$folder/message")" "Verified OK"
kms tag-resource --key-id "$key" --tags TagKey=a,TagValue=b
equal "$(kms list-resource-tags --key-id "$key" --query 'Tags[0].TagValue')" b
kms disable-key --key-id "$key"
refused DisabledException encrypt --key-id "$key" --plaintext "fileb://$folder/hello"
kms enable-key --key-id "$key"
equal "$(kms schedule-key-deletion --key-id "$key" --pending-window-in-days 7 --query KeyState)" PendingDeletion
kms cancel-key-deletion --key-id "$key" --query KeyId
kms enable-key --key-id "$key"
equal "$(kms generate-data-key-without-plaintext --key-id "$key" --number-of-bytes 32 --query Plaintext)" None
equal "$(kms generate-data-key-pair --key-id "$key" --key-pair-spec ECC_NIST_P256 --query KeyPairSpec)" ECC_NIST_P256
equal "$(kms generate-data-key-pair-without-plaintext --key-id "$key" --key-pair-spec ECC_SECG_P256K1 \
  --query PrivateKeyPlaintext)" None
kms generate-random --number-of-bytes 9 --query Plaintext
other=$(kms create-key --query KeyMetadata.KeyId)
kms re-encrypt --ciphertext-blob "fileb://$folder/blob" --source-encryption-context tenant=7 \
  --destination-key-id "$other" --query CiphertextBlob | base64 -d >"$folder/moved"
equal "$(kms decrypt --ciphertext-blob "fileb://$folder/moved" --query Plaintext)" aGVsbG8=
mac=$(kms create-key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC --query KeyMetadata.KeyId)
kms generate-mac --key-id "$mac" --message "fileb://$folder/message" --mac-algorithm HMAC_SHA_256 --query Mac | base64 -d >"$folder/mac"
equal "$(kms verify-mac --key-id "$mac" --message "fileb://$folder/message" --mac-algorithm HMAC_SHA_256 --mac "fileb://$folder/mac" \
  --query MacValid)" True
kms untag-resource --key-id "$key" --tag-keys a
kms update-alias --alias-name alias/cli --target-key-id "$other"
kms update-key-description --key-id "$key" --description new
equal "$(kms list-key-policies --key-id "$key" --query 'PolicyNames[0]')" default
kms get-key-policy --key-id "$key" --policy-name default --query Policy
equal "$(kms get-key-rotation-status --key-id "$key" --query KeyRotationEnabled)" False
equal "$(kms list-grants --key-id "$key" --query 'length(Grants)')" 0
equal "$(kms list-keys --query 'length(Keys)')" 4
kms delete-alias --alias-name alias/cli
refused NotFoundException describe-key --key-id alias/none
# Grants and policies, as other callers meet them.
grant=$(kms create-grant --key-id "$key" --grantee-principal arn:aws:iam::123456789012:user/bob --operations Encrypt \
  --query GrantId)
equal "$(kms list-grants --key-id "$key" --query 'length(Grants)')" 1
kms revoke-grant --key-id "$key" --grant-id "$grant"
kms get-key-policy --key-id "$key" --policy-name default --query Policy >"$folder/policy"
kms put-key-policy --key-id "$key" --policy-name default --policy "file://$folder/policy"
refused MalformedPolicyDocumentException put-key-policy --key-id "$key" --policy-name default --policy '{}'
AWS_SECRET_ACCESS_KEY=wrong refused InvalidSignatureException list-keys
AWS_ACCESS_KEY_ID=AKIAAAAAAAAAAAAAAAAA refused UnrecognizedClientException list-keys
echo "$(wc -l <"$folder/calls") calls of $(sort -u "$folder/calls" | wc -l) operations" >&3
