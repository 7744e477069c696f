/* The models that kith knows. A new one is a file in this folder and a line in models.c. */
#ifndef KITH_MODELS_MODELS_H
#define KITH_MODELS_MODELS_H

#include "kith.h"

extern const struct kith_model *const kith_models[];
extern const size_t kith_n_models;

/* The model called `name`, or NULL. */
const struct kith_model *kith_models_find(const char *name);

#endif
