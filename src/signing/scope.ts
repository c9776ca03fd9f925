/** What a signature of Version 4 is for. Source: IAM User Guide, "Create a signed AWS API request". */

/** Whose key it is, and what its signature is for. */
export interface Scope {
  readonly accessKeyId: string;
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** All of it in one text, as it stands in the header. */
  readonly credential: string;
}

export const ALGORITHM = "AWS4-HMAC-SHA256";
export const TERMINATOR = "aws4_request";
