import { command } from '../command.ts';
import { SCRIPTS, type Shell } from '../completion/scripts.ts';
import { UsageError } from '../failures.ts';

export const completion = command({
  name: 'completion',
  description: 'prints the shell script that completes commands, flags and names',
  args: {
    shell: { type: 'positional', required: true, valueHint: 'bash|zsh|fish', description: 'the shell' },
  },
  examples: [
    "echo 'source <(muster completion bash)' >> ~/.bashrc",
    "echo 'source <(muster completion zsh)' >> ~/.zshrc    # after compinit",
    'muster completion fish > ~/.config/fish/completions/muster.fish',
  ],
  notes: ['Names of segments, imports and executions are those of the service that you are signed in to.'],
  run: async ({ shell }) => {
    if (!Object.hasOwn(SCRIPTS, shell))
      throw new UsageError(`SHELL: expected bash, zsh or fish, got ${JSON.stringify(shell)}`);
    process.stdout.write(SCRIPTS[shell as Shell]);
    return 0;
  },
});
