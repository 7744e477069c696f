/* kith: a discrete-event microsimulation engine for families in children's services. The one header that models and
 * other programs include. */
#ifndef KITH_H
#define KITH_H

#define KITH_VERSION "0.1.0"

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "rng/dist.h"
#include "rng/draw.h"
#include "rng/pcg.h"
#include "rng/real.h"
#include "scenario/node.h"
#include "resource/pool.h"
#include "scenario/scenario.h"
#include "sched/queue.h"
#include "sim/cell.h"
#include "sim/model.h"
#include "sim/shape.h"

#endif
