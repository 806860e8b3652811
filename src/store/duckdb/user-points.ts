/** What is known of all user points. */
export type UserPoints = {
  /**
   * Each has one identifier, the one it was made of: nobody has attached another. Spares merges a
   * join.
   */
  areOwnKeys: boolean;
};
