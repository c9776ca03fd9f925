// The packed package in a Worker.
import { exerciseCore, exerciseEngines, exerciseService } from "./exercise.mjs";

export default {
  async fetch() {
    return Response.json({ core: exerciseCore(), engines: await exerciseEngines(), service: await exerciseService() });
  },
};
