#include "models.h"

#include <string.h>

extern const struct kith_model kith_model_pathway;
extern const struct kith_model kith_model_illness_death;
extern const struct kith_model kith_model_mmc;

const struct kith_model *const kith_models[] = {&kith_model_pathway, &kith_model_illness_death, &kith_model_mmc};
const size_t kith_n_models = sizeof kith_models / sizeof *kith_models;

const struct kith_model *kith_models_find(const char *name)
{
    for (size_t i = 0; i < kith_n_models; i++)
        if (strcmp(kith_models[i]->name, name) == 0)
            return kith_models[i];
    return NULL;
}
