/** Why a rule of a user is refused, in Redis's words. */
export class RuleError extends Error {
  /** Set where the rule names a command or category that does not exist: then it may be shown, it holds no secret. */
  readonly unknownName: boolean;

  constructor(reason: string, unknownName = false) {
    super(reason);
    this.unknownName = unknownName;
  }
}

export const ruleErrors = {
  unknownName: () => new RuleError('Unknown command or category name in ACL', true),
  syntax: () => new RuleError('Syntax error'),
  firstArgOfSubcommand: () => new RuleError('Allowing first-arg of a subcommand is not supported'),
  noSuchPassword: () => new RuleError('The password you are trying to remove from the user does not exist'),
  badHash: () =>
    new RuleError(
      'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
    ),
  patternAfterAllKeys: () =>
    new RuleError(
      "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns",
    ),
  patternAfterAllChannels: () =>
    new RuleError(
      "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels",
    ),
} as const;
