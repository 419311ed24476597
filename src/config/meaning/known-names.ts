/** The names that a configuration gives to things: endpoints, models, aliases. Pure. */
import { autoName } from '../../route/match-name.js';
import type { ConfigFile } from '../config-schema.js';

export interface NamedEndpoint {
  readonly section: 'private' | 'thirdParty';
  readonly index: number;
  readonly name: string;
  readonly models: readonly string[];
}

export const deviceEndpointName = 'device';

const nameOfModel = (model: string | { readonly name: string }): string =>
  typeof model === 'string' ? model : model.name;

export const endpointsOf = ({ tiers = {} }: ConfigFile): NamedEndpoint[] =>
  (['private', 'thirdParty'] as const).flatMap((section) =>
    (tiers[section] ?? []).map(({ name, models }, index) => ({
      section,
      index,
      name,
      models: models.map(nameOfModel),
    })),
  );

/** What a model of this device answers to: as it was written, and a file by its name without folder and ending. */
export const deviceModelNames = (written: string): string[] => {
  const file = /([^/\\]+)\.gguf$/i.exec(written)?.[1];
  return file === undefined ? [written] : [written, file.toLowerCase()];
};

/** Every model by every name that requests can use for it. */
export const modelNamesOf = (file: ConfigFile, deviceModels: readonly string[]): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const model of deviceModels.flatMap(deviceModelNames)) names.add(model).add(`${deviceEndpointName}/${model}`);
  for (const { name, models } of endpointsOf(file))
    for (const model of models) names.add(model).add(`${name}/${model}`);
  return names;
};

/** What an alias may stand for. */
export const targetNamesOf = (file: ConfigFile, models: ReadonlySet<string>): string[] => [
  ...models,
  ...Object.keys(file.aliases ?? {}),
  autoName,
];
