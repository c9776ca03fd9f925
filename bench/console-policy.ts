/** The key policy that the AWS console writes: administrators, users, and grants for AWS resources. */
export function consoleKeyPolicy(account: string): string {
  const role = (name: string) => ({ AWS: `arn:aws:iam::${account}:role/${name}` });
  const administer = [
    ...["Create", "Describe", "Enable", "List", "Put", "Update", "Revoke", "Disable", "Get", "Delete"].map(
      (v) => `kms:${v}*`,
    ),
    "kms:TagResource",
    "kms:UntagResource",
    "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion",
  ];
  const use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];
  const statement = (Sid: string, Principal: object, Action: string | string[], rest: object = {}) => ({
    Sid,
    Effect: "Allow",
    Principal,
    Action,
    Resource: "*",
    ...rest,
  });
  return JSON.stringify({
    Version: "2012-10-17",
    Id: "key-consolepolicy-2",
    Statement: [
      statement("Enable IAM policies", { AWS: `arn:aws:iam::${account}:root` }, "kms:*"),
      statement("Allow access for Key Administrators", role("Admin"), administer),
      statement("Allow use of the key", role("App"), use),
      statement(
        "Allow attachment of persistent resources",
        role("App"),
        ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
        { Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } } },
      ),
    ],
  });
}
