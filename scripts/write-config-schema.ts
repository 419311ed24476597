/** Writes docs/spillway.config.schema.json, the JSON Schema of configuration files: `node dist/scripts/write-config-schema.js`. */
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../src/config/config-schema.js';

writeFileSync(new URL('../../docs/spillway.config.schema.json', import.meta.url), configJsonSchema());
