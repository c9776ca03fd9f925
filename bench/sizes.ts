/** The sizes of messages that are measured, in bytes. */
export const SIZES = [16, 64, 256, 1024, 4096, 65_536, 1_048_576, 16_777_216] as const;
