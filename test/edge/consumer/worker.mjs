// The packed package in a Worker.
import { exerciseCore, exerciseEnclave, exerciseEngines, exerciseService } from "./exercise.mjs";

export default {
  async fetch(request) {
    return Response.json({
      core: exerciseCore(),
      enclave: await exerciseEnclave(await request.json()),
      engines: await exerciseEngines(),
      service: await exerciseService(),
    });
  },
};
