// The packed package in a Worker.
import { exerciseCore, exerciseService } from "./exercise.mjs";

export default {
  async fetch() {
    return Response.json({ core: exerciseCore(), service: await exerciseService() });
  },
};
