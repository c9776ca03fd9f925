/** Why a request is not let in, as AWS says it. */
export interface SignatureRefusal {
  readonly code: string;
  readonly message: string;
}

export function incorrectSignature(message: string): SignatureRefusal {
  return { code: "InvalidSignatureException", message };
}

export function incompleteSignature(message: string): SignatureRefusal {
  return { code: "IncompleteSignatureException", message };
}
