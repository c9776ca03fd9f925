// Imports a library of this folder's own node_modules, which the rest of the project cannot see.
export const importHere = (specifier) => import(specifier);
