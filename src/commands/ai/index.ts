import type { Command } from '../command.ts';
import { aiConfig } from './config.ts';
import { dagexecute } from './dag/dagexecute.ts';
import { dagexecuteRo } from './dag/dagexecute-ro.ts';
import { dagrun } from './dag/dagrun.ts';
import { dagrunRo } from './dag/dagrun-ro.ts';
import { experiment } from './experiment/experiment.ts';
import { aiInfo } from './info.ts';
import { modeldel } from './modeldel.ts';
import { modelexecute } from './modelexecute.ts';
import { modelget } from './modelget.ts';
import { modelrun } from './modelrun.ts';
import { modelscan } from './modelscan.ts';
import { modelset } from './modelset.ts';
import { modelsignature } from './modelsignature.ts';
import { modelstore } from './modelstore.ts';
import { scriptdel } from './scriptdel.ts';
import { scriptexecute } from './scriptexecute.ts';
import { scriptget } from './scriptget.ts';
import { scriptrun } from './scriptrun.ts';
import { scriptscan } from './scriptscan.ts';
import { scriptset } from './scriptset.ts';
import { scriptstore } from './scriptstore.ts';
import { tensorget } from './tensorget.ts';
import { tensorset } from './tensorset.ts';

export const aiCommands: readonly Command[] = [
  ...[tensorset, tensorget],
  ...[modelstore, modelset, modelget, modeldel, modelexecute, modelrun, modelscan, modelsignature],
  ...[scriptstore, scriptset, scriptget, scriptdel, scriptexecute, scriptrun, scriptscan],
  ...[dagexecute, dagexecuteRo, dagrun, dagrunRo],
  ...[experiment, aiInfo, aiConfig],
];
