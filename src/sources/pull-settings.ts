import type { Config } from '../config.ts';
import type { PullSettings } from './pull-file.ts';

/** What the configuration says of sources. */
export function pullSettings(config: Config): PullSettings {
  return {
    network: { hosts: config.sourceHosts, nameServers: config.webhookNameServers },
    folders: config.sourceFolders,
    keys: { key: config.sourceKey, keyBefore: config.sourceKeyBefore },
    settleMs: config.sourceSettleMs,
    maxUploadBytes: config.maxUploadBytes,
    rate: { minBytesPerSecond: config.minBytesPerSecond, windowMs: config.uploadIdleMs },
  };
}
