/**
 * AWS managed keys: one for each service that uses one, under the service's own alias, made when it is first needed.
 * What they may be used for stands in their key policy, which nobody may change: through their service everybody in
 * the account who is authorized there, directly nobody. Source: AWS KMS Developer Guide, "AWS KMS keys", "kms:ViaService";
 * DescribeKey in the API reference.
 */
import type { Realm } from "../env.ts";
import { KmsError } from "../errors.ts";
import { aliasArn, rootArn } from "../model/arn.ts";

const ALIAS_PREFIX = "alias/aws/";

/** How a service is called in kms:ViaService, where it is not called as in its alias; and what is said of its key. */
const SERVICES: Readonly<Record<string, { readonly via?: string; readonly protects: string }>> = {
  acm: { protects: "ACM private keys" },
  backup: { protects: "backups" },
  cloud9: { protects: "Cloud9 environments" },
  codeartifact: { protects: "CodeArtifact repositories" },
  codecommit: { protects: "CodeCommit repositories" },
  connect: { protects: "Connect data" },
  dms: { protects: "database migration data" },
  dynamodb: { protects: "DynamoDB tables" },
  ebs: { via: "ec2", protects: "EBS volumes" },
  elasticfilesystem: { protects: "EFS filesystems" },
  es: { protects: "OpenSearch domains" },
  fsx: { protects: "FSx resources" },
  glue: { protects: "Glue data" },
  kafka: { protects: "MSK clusters" },
  kinesis: { protects: "Kinesis streams" },
  kinesisvideo: { protects: "Kinesis video streams" },
  lambda: { protects: "Lambda functions" },
  lex: { protects: "Lex bots" },
  lightsail: { protects: "Lightsail resources" },
  mq: { protects: "MQ brokers" },
  rds: { protects: "RDS databases" },
  redshift: { protects: "Redshift clusters" },
  s3: { protects: "S3 objects" },
  secretsmanager: { protects: "Secrets Manager secrets" },
  ses: { protects: "SES messages" },
  sns: { protects: "SNS topics" },
  sqs: { protects: "SQS messages" },
  ssm: { protects: "SSM parameters" },
  workspaces: { protects: "WorkSpaces volumes" },
  xray: { protects: "X-Ray traces" },
};

/** Services that hold their keys by grants, as long as a resource lives. */
const GRANTING: readonly string[] = [
  ...["backup", "dms", "dynamodb", "ebs", "elasticfilesystem", "es", "fsx", "kafka", "lambda", "lightsail", "mq"],
  ...["rds", "redshift", "workspaces"],
];

/** A key that a service has, or would have. */
export interface ManagedKey {
  readonly aliasName: string;
  /** As kms:ViaService names the service. */
  readonly viaService: string;
  readonly description: string;
  readonly policy: string;
}

/** The managed key of an alias, whether or not it has been made; `undefined` for any other alias. */
export function managedKeyOf(aliasName: string, realm: Realm): ManagedKey | undefined {
  if (!aliasName.startsWith(ALIAS_PREFIX)) return undefined;
  const name = aliasName.slice(ALIAS_PREFIX.length);
  if (!Object.hasOwn(SERVICES, name)) return undefined;
  const { via = name, protects } = SERVICES[name]!;
  const viaService = `${via}.${realm.region}.amazonaws.com`;
  return {
    aliasName,
    viaService,
    description: `Default key that protects my ${protects} when no other key is defined`,
    policy: policyOf(name, viaService, realm),
  };
}

/** Says that a managed key has not been made yet. Who may use it may have it made. */
export class ManagedKeyMissing extends KmsError {
  constructor(
    readonly managed: ManagedKey,
    /** What somebody wanted to do with it. */
    readonly action: string,
    realm: Realm,
  ) {
    super("NotFoundException", `Alias ${aliasArn(realm, managed.aliasName)} is not found.`);
  }
}

function policyOf(name: string, viaService: string, realm: Realm): string {
  const use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];
  const grants = GRANTING.includes(name);
  const document = {
    Version: "2012-10-17",
    Id: `auto-${name}-1`,
    Statement: [
      {
        Sid: `Allow access through ${name} for all principals in the account that are authorized to use it`,
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: grants ? [...use, "kms:CreateGrant"] : use,
        Resource: "*",
        Condition: { StringEquals: { "kms:CallerAccount": realm.accountId, "kms:ViaService": viaService } },
      },
      {
        Sid: "Allow direct access to key metadata to the account",
        Effect: "Allow",
        Principal: { AWS: rootArn(realm) },
        Action: ["kms:Describe*", "kms:Get*", "kms:List*", ...(grants ? ["kms:RevokeGrant"] : [])],
        Resource: "*",
      },
    ],
  };
  return JSON.stringify(document, undefined, 2);
}
