/** The questions to the thread of `hash_worker.ts`, and its answers. */
export interface HashQuestion {
  readonly id: number;
  readonly kind: "Bcrypt" | "ShaCrypt";
  readonly text: string;
  readonly password: string;
}

export type HashVerdict =
  | { readonly id: number; readonly right: boolean }
  | { readonly id: number; readonly failed: string };
