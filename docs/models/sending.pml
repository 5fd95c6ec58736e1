/*
 * The sending engine: members, one account, its claims, and a Meta that errs.
 *
 * Each option of a process is one MongoDB command, one request or one event; everything between them
 * interleaves freely. Faults are few and time passes only while something waits for it, so every
 * execution ends; the monitor checks the state in which it ends. Mistakes are switched on with -D.
 * docs/models.md explains the parts and names the rule behind each option.
 */

#define MESSAGES 3   /* 0 and 1 are a conversation, in this order; 2 is another */
#define MEMBERS 2
#define LEASE 3      /* ticks */
#define DEADLINE 1   /* of a request, in ticks */
#define HOLD 2       /* of an unknown outcome, in ticks */
#define ATTEMPTS 2

#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FREEZES
#define FREEZES 1
#endif
#ifndef LOST_CLAIMS
#define LOST_CLAIMS 1   /* claims whose answer is lost; the write may be applied much later */
#endif
#ifndef HAND_OVERS
#define HAND_OVERS 1
#endif

mtype = { NEW, READY, SENDING, HOLDING, DONE };        /* of a message */
mtype = { NONE, FLYING, OK, REFUSED, LOST };           /* of a request */
mtype = { IDLE, CLAIMING, READING };                   /* of a claim */

/* The database: messages, the partition of the account, and the members' leases. */
mtype state[MESSAGES];
bool sent[MESSAGES];          /* has a wamid or a status of SENT or more */
byte fence[MESSAGES];         /* of the last claim */
byte attempts[MESSAGES];
byte hold[MESSAGES];          /* ticks until the hold or the back-off ends */
byte owner;                   /* a member's id, 0 for none */
byte partition_fence;
byte lease[5];                /* ticks left, by member id; a process that lost its lease takes a new id */
bool dead[5];

/* The memory of each process. */
bool running[MEMBERS];
bool frozen[MEMBERS];
byte id[MEMBERS];
byte remaining[MEMBERS];      /* of the lease, by the process's own clock */
byte my_fence[MEMBERS];       /* 0 if it owns nothing */
bool swept[MEMBERS];
byte claimed[MEMBERS];        /* bit masks of messages */
bool reserved[MEMBERS];       /* message 1 is about to be stored as claimed */
byte reserved_fence[MEMBERS];
#ifdef TOKEN_KNOWN_AFTERWARDS
bool stored[MEMBERS];
#endif
byte group[MEMBERS];
byte written[MEMBERS];
byte matched[MEMBERS];
mtype claim[MEMBERS];
#ifdef MARK_DEAD_BLINDLY
bool saw_expired[MEMBERS];
#endif

/* Requests by process and message. */
mtype request[MEMBERS * MESSAGES];
bool aged[MEMBERS * MESSAGES];
byte request_fence[MEMBERS * MESSAGES];

/* A claim that is applied after its sender gave it up. */
byte late_group;
byte late_fence;

/* The world, for the assertions. */
byte accepted[MESSAGES];      /* how often Meta took it */
bool lied[MESSAGES];          /* Meta refused it and sent it all the same */
bool reported[MESSAGES];      /* a status has been stored */
byte crashes = CRASHES, freezes = FREEZES, lost_claims = LOST_CLAIMS, hand_overs = HAND_OVERS;

#define BIT(i) (1 << (i))
#define HAS(mask, i) (((mask) & BIT(i)) != 0)
#define IS_UP(m) (running[m] && !frozen[m])
#define AT(m, i) ((m) * MESSAGES + (i))
#define IS_OUT(i) (state[i] == DONE || state[i] == NEW)
#define ALL_OUT (IS_OUT(0) && IS_OUT(1) && IS_OUT(2))
#define ALL_DONE (state[0] == DONE && state[1] == DONE && state[2] == DONE)
#define NO_REQUEST (request[AT(m, 0)] == NONE && request[AT(m, 1)] == NONE && request[AT(m, 2)] == NONE)
#define HAS_TIME (remaining[m] > DEADLINE)
#define OWNS (my_fence[m] > 0)
#ifdef IGNORE_STATUS
#define IS_DUE(i) (state[i] == READY && hold[i] == 0)
#else
#define IS_DUE(i) (state[i] == READY && !sent[i] && hold[i] == 0)
#endif

#ifdef CLAIM_BEHIND_BACK_OFF
#define IS_HEAD(i) ((i) != 1 || IS_OUT(0) || (state[0] == READY && hold[0] > 0))
#else
#define IS_HEAD(i) ((i) != 1 || IS_OUT(0))
#endif

#define MAY_CHOOSE(i) (IS_DUE(i) && IS_HEAD(i))
#define IS_RESERVED (reserved[0] || reserved[1])
#ifdef RESERVE_BEHIND_OTHERS
#define MAY_RESERVE (state[1] == NEW)
#else
#define MAY_RESERVE (state[1] == NEW && IS_OUT(0))
#endif

#ifdef IGNORE_STATUS
#define MAY_CLAIM(i) (state[i] == READY)
#else
#define MAY_CLAIM(i) (state[i] == READY && !sent[i])
#endif

/* A claim under this fence: one update per message, conditional. */
inline claim_message(i, by_fence, is_matched) {
	if
#ifdef CLAIM_WITHOUT_FENCE
	:: MAY_CLAIM(i) ->
#else
	:: MAY_CLAIM(i) && fence[i] <= by_fence ->
#endif
		assert(!reported[i]);          /* never sent again once a status showed it */
		state[i] = SENDING;
		fence[i] = by_fence;
		hold[i] = 0;
		is_matched = true
	:: else -> is_matched = false
	fi
}

/* A definite "not sent": back to READY, unless a status or a takeover came first. */
inline return_message(i, by_fence, pause) {
	if
#ifdef RETURN_UNCONDITIONALLY
	:: true -> state[i] = READY; hold[i] = pause
#else
	:: state[i] == SENDING && fence[i] == by_fence && !sent[i] -> state[i] = READY; hold[i] = pause
	:: state[i] == SENDING && fence[i] == by_fence && sent[i] -> state[i] = DONE
	:: state[i] == HOLDING && fence[i] == by_fence -> state[i] = DONE; hold[i] = 0
	:: else
#endif
	fi
}

inline mark_unknown(i) {
	if
	:: sent[i] -> state[i] = DONE
	:: else -> state[i] = HOLDING; hold[i] = HOLD
	fi
}

inline trust_claim() {
	claimed[m] = claimed[m] | group[m]; claim[m] = IDLE; group[m] = 0
}

inline doubt_claim() {
#ifdef NO_READ_BACK
	trust_claim()
#else
	claim[m] = READING
#endif
}

inline forget_lease() {
	my_fence[m] = 0; swept[m] = false; claimed[m] = 0;
	group[m] = 0; written[m] = 0; matched[m] = 0; claim[m] = IDLE;
	id[m] = id[m] + MEMBERS; lease[id[m]] = LEASE; remaining[m] = LEASE
}

proctype Member(byte m) {
	byte i;
	bool is_matched;
end:	do
	/* renew: conditional on not being marked dead */
	:: d_step { IS_UP(m) && remaining[m] < LEASE ->
		if
#ifdef RENEW_WHEN_DEAD
		:: true -> lease[id[m]] = LEASE; remaining[m] = LEASE
#else
		:: !dead[id[m]] -> lease[id[m]] = LEASE; remaining[m] = LEASE
		:: else -> forget_lease()
#endif
		fi
	   }

	/* own: a free account that has something to send */
	:: d_step { IS_UP(m) && HAS_TIME && !OWNS && owner == 0 && !ALL_OUT ->
		owner = id[m]; partition_fence++; my_fence[m] = partition_fence; swept[m] = false
	   }

#ifndef NO_TAKEOVER
	/* take over: mark the dead member conditionally, then take its account */
#ifdef MARK_DEAD_BLINDLY
	:: d_step { IS_UP(m) && owner != 0 && owner != id[m] && lease[owner] == 0 && !dead[owner] && !saw_expired[m] ->
		saw_expired[m] = true
	   }
	:: d_step { IS_UP(m) && owner != 0 && owner != id[m] && saw_expired[m] ->
		dead[owner] = true; saw_expired[m] = false
	   }
#else
	:: d_step { IS_UP(m) && owner != 0 && owner != id[m] && lease[owner] == 0 && !dead[owner] ->
		dead[owner] = true
	   }
#endif
	:: d_step { IS_UP(m) && HAS_TIME && !OWNS && owner != 0 && dead[owner] ->
		owner = id[m]; partition_fence++; my_fence[m] = partition_fence; swept[m] = false
	   }
#endif

	/* sweep: SENDING under an older fence has an unknown outcome; at takeover and at each reconcile */
#ifdef SWEEP_AT_TAKEOVER_ONLY
	:: d_step { IS_UP(m) && OWNS && !swept[m] ->
#else
	:: d_step { IS_UP(m) && OWNS && (!swept[m]
			|| (state[0] == SENDING && fence[0] < my_fence[m])
			|| (state[1] == SENDING && fence[1] < my_fence[m])
			|| (state[2] == SENDING && fence[2] < my_fence[m])) ->
#endif
		i = 0;
		do
		:: i < MESSAGES ->
			if
#ifdef TAKEOVER_REQUEUES
			:: state[i] == SENDING && fence[i] < my_fence[m] && !sent[i] -> state[i] = READY
			:: state[i] == SENDING && fence[i] < my_fence[m] && sent[i] -> state[i] = DONE
#else
			:: state[i] == SENDING && fence[i] < my_fence[m] -> mark_unknown(i)
#endif
			:: else
			fi;
			i++
		:: else -> break
		od;
		swept[m] = true; i = 0
	   }

#ifndef KEEP_ORPHANS
	/* requeue orphans: SENDING under my fence, but not among my claims, so never begun */
#define REQUEUE_ORPHAN(i) d_step { IS_UP(m) && OWNS && claim[m] == IDLE && state[i] == SENDING && \
			fence[i] == my_fence[m] && !HAS(claimed[m], i) -> \
		if :: sent[i] -> state[i] = DONE :: else -> state[i] = READY fi }
	:: REQUEUE_ORPHAN(0)
	:: REQUEUE_ORPHAN(1)
	:: REQUEUE_ORPHAN(2)
#endif

	/* choose the heads of the conversations */
	:: d_step { IS_UP(m) && OWNS && swept[m] && HAS_TIME && claim[m] == IDLE &&
			(MAY_CHOOSE(0) || MAY_CHOOSE(1) || MAY_CHOOSE(2)) ->
		group[m] = MAY_CHOOSE(0) * BIT(0) + MAY_CHOOSE(1) * BIT(1) + MAY_CHOOSE(2) * BIT(2);
		claim[m] = CLAIMING
	   }

	/* claim: the updates of the group, in any order */
#define CLAIM(i) d_step { IS_UP(m) && claim[m] == CLAIMING && HAS(group[m], i) && !HAS(written[m], i) -> \
		claim_message(i, my_fence[m], is_matched); written[m] = written[m] + BIT(i); \
		matched[m] = matched[m] + is_matched * BIT(i); is_matched = false }
	:: CLAIM(0)
	:: CLAIM(1)
	:: CLAIM(2)

	/* the claim's answer: its count, else read again by token */
	:: d_step { IS_UP(m) && claim[m] == CLAIMING && written[m] == group[m] ->
		if
		:: matched[m] == group[m] -> trust_claim()
		:: else -> doubt_claim()
		fi;
		written[m] = 0; matched[m] = 0
	   }
	/* the answer is lost, and the writes were applied */
	:: d_step { IS_UP(m) && claim[m] == CLAIMING && written[m] == group[m] && lost_claims > 0 ->
		lost_claims--; written[m] = 0; matched[m] = 0;
		doubt_claim()
	   }
	/* the answer is lost, and the writes may be applied later */
	:: d_step { IS_UP(m) && claim[m] == CLAIMING && written[m] == 0 && lost_claims > 0 && late_group == 0 ->
		lost_claims--; late_group = group[m]; late_fence = my_fence[m];
		doubt_claim()
	   }
	:: d_step { IS_UP(m) && claim[m] == READING ->
		i = 0;
		do
		:: i < MESSAGES ->
			if
			:: HAS(group[m], i) && state[i] == SENDING && fence[i] == my_fence[m] ->
				claimed[m] = claimed[m] | BIT(i)
			:: else
			fi;
			i++
		:: else -> break
		od;
		claim[m] = IDLE; group[m] = 0; i = 0
	   }

	/* reserve: a new message is to be stored as claimed, because none of its conversation is waiting */
	:: d_step { IS_UP(m) && OWNS && swept[m] && HAS_TIME && claim[m] == IDLE && MAY_RESERVE && !IS_RESERVED ->
		reserved[m] = true; reserved_fence[m] = my_fence[m]
	   }
	/* store it; its token is known before. Its sender may be frozen or dead, and it may never be stored */
	:: d_step { reserved[m] ->
		reserved[m] = false; state[1] = SENDING; fence[1] = reserved_fence[m];
#ifdef TOKEN_KNOWN_AFTERWARDS
		stored[m] = running[m] && my_fence[m] == reserved_fence[m];
#else
		if :: running[m] && my_fence[m] == reserved_fence[m] -> claimed[m] = claimed[m] | BIT(1) :: else fi;
#endif
		reserved_fence[m] = 0
	   }
	:: d_step { reserved[m] && !running[m] -> reserved[m] = false; reserved_fence[m] = 0 }
#ifdef TOKEN_KNOWN_AFTERWARDS
	:: d_step { IS_UP(m) && OWNS && stored[m] -> stored[m] = false; claimed[m] = claimed[m] | BIT(1) }
#endif
	/* its answer is lost: it was stored, and is found without its token */
	:: d_step { IS_UP(m) && reserved[m] && lost_claims > 0 ->
		lost_claims--; reserved[m] = false; state[1] = SENDING; fence[1] = reserved_fence[m]; reserved_fence[m] = 0
	   }

	/* POST: only if the lease outlasts it; otherwise the message goes back */
#ifdef POST_WITHOUT_LEASE_CHECK
#define MAY_POST (OWNS)
#else
#define MAY_POST (OWNS && HAS_TIME)
#endif
#define POST(i) d_step { IS_UP(m) && MAY_POST && HAS(claimed[m], i) && request[AT(m, i)] == NONE -> \
		request[AT(m, i)] = FLYING; request_fence[AT(m, i)] = my_fence[m] }
	:: POST(0)
	:: POST(1)
	:: POST(2)
#define GIVE_BACK(i) d_step { IS_UP(m) && OWNS && !HAS_TIME && HAS(claimed[m], i) && request[AT(m, i)] == NONE -> \
		return_message(i, my_fence[m], 0); claimed[m] = claimed[m] - BIT(i) }
	:: GIVE_BACK(0)
	:: GIVE_BACK(1)
	:: GIVE_BACK(2)

	/* record the outcome; also after the lease was lost */
#define RECORD(i) d_step { IS_UP(m) && request[AT(m, i)] != NONE && request[AT(m, i)] != FLYING -> \
		if \
		:: request[AT(m, i)] == OK -> sent[i] = true; state[i] = DONE; hold[i] = 0 \
		:: request[AT(m, i)] == REFUSED && attempts[i] + 1 < ATTEMPTS -> \
			attempts[i]++; return_message(i, request_fence[AT(m, i)], 1) \
		:: request[AT(m, i)] == REFUSED && attempts[i] + 1 >= ATTEMPTS -> state[i] = DONE; hold[i] = 0 \
		:: request[AT(m, i)] == LOST -> RECORD_LOST(i) \
		fi; \
		request[AT(m, i)] = NONE; request_fence[AT(m, i)] = 0; \
		if :: HAS(claimed[m], i) -> claimed[m] = claimed[m] - BIT(i) :: else fi }
#ifdef LOST_ANSWER_REQUEUES
#define RECORD_LOST(i) return_message(i, request_fence[AT(m, i)], 1)
#else
#define RECORD_LOST(i) if :: state[i] == SENDING && fence[i] == request_fence[AT(m, i)] -> mark_unknown(i) :: else fi
#endif
	:: RECORD(0)
	:: RECORD(1)
	:: RECORD(2)

	/* the hold of an unknown outcome ends */
#define END_HOLD(i) d_step { IS_UP(m) && OWNS && state[i] == HOLDING && hold[i] == 0 -> state[i] = DONE }
	:: END_HOLD(0)
	:: END_HOLD(1)
	:: END_HOLD(2)

	/* release an account without messages */
	:: d_step { IS_UP(m) && OWNS && swept[m] && ALL_OUT && claim[m] == IDLE && claimed[m] == 0 && !reserved[m] && NO_REQUEST ->
		if :: owner == id[m] -> owner = 0 :: else fi;
		my_fence[m] = 0; swept[m] = false
	   }

	/* hand over: drains first */
#ifdef HAND_OVER_WITHOUT_DRAIN
	:: d_step { IS_UP(m) && OWNS && owner == id[m] && hand_overs > 0 && claim[m] == IDLE ->
		hand_overs--; owner = 0
	   }
#else
	:: d_step { IS_UP(m) && OWNS && owner == id[m] && swept[m] && hand_overs > 0 && claim[m] == IDLE && claimed[m] == 0 &&
			!reserved[m] && NO_REQUEST && !ALL_OUT ->
		hand_overs--; owner = 0; my_fence[m] = 0; swept[m] = false
	   }
#endif
	od
}

/* Meta takes or refuses a request, and answers, or the answer is lost. */
inline accept(i) {
	assert(accepted[i] == 0 || lied[i]);                        /* at most once */
	assert(i != 0 || accepted[1] == 0);                         /* in order */
	accepted[i]++
}

inline answer(outcome) {
	request[AT(m, i)] = (running[m] -> outcome : NONE);
	aged[AT(m, i)] = false;
	if :: !running[m] -> request_fence[AT(m, i)] = 0 :: else fi
}

proctype Meta() {
	byte m, i;
end:	do
	:: atomic {
		if
		:: request[0] == FLYING -> m = 0; i = 0
		:: request[1] == FLYING -> m = 0; i = 1
		:: request[2] == FLYING -> m = 0; i = 2
		:: request[3] == FLYING -> m = 1; i = 0
		:: request[4] == FLYING -> m = 1; i = 1
		:: request[5] == FLYING -> m = 1; i = 2
		fi;
		if
		:: accept(i); answer(OK)
		:: accept(i); answer(LOST)
		:: accept(i); lied[i] = true; answer(REFUSED)
		:: answer(REFUSED)
		:: answer(LOST)
		fi;
		m = 0; i = 0
	   }
	od
}

/* A status that carries our id: it settles the message, also one that waits for a retry or a hold. */
#define REPORT(i) d_step { accepted[i] > 0 && !reported[i] -> \
		reported[i] = true; sent[i] = true; \
		if :: SETTLES(i) -> state[i] = DONE; hold[i] = 0 :: else fi }
#ifdef IGNORE_STATUS
#define SETTLES(i) (state[i] == HOLDING)
#else
#define SETTLES(i) (state[i] == HOLDING || state[i] == READY)
#endif

proctype Webhooks() {
end:	do
	:: REPORT(0)
	:: REPORT(1)
	:: REPORT(2)
	od
}

/* Faults, and a message that is queued later. */
#define FORGET_ANSWER(r) if :: request[r] != FLYING -> request[r] = NONE; request_fence[r] = 0 :: else fi
#define CRASH(m) d_step { crashes > 0 && running[m] -> \
		crashes--; running[m] = false; frozen[m] = false; \
		my_fence[m] = 0; swept[m] = false; claimed[m] = 0; remaining[m] = 0; \
		group[m] = 0; written[m] = 0; matched[m] = 0; claim[m] = IDLE; \
		FORGET_ANSWER(AT(m, 0)); FORGET_ANSWER(AT(m, 1)); FORGET_ANSWER(AT(m, 2)) }

proctype World() {
	byte i;
	bool is_matched;
end:	do
	:: d_step { state[1] == NEW && !IS_RESERVED -> state[1] = READY }

	/* a claim is applied after its sender gave it up, or never */
	:: d_step { late_group != 0 ->
		i = 0;
		do
		:: i < MESSAGES ->
			if :: HAS(late_group, i) -> claim_message(i, late_fence, is_matched) :: else fi;
			i++
		:: else -> break
		od;
		late_group = 0; late_fence = 0; is_matched = false; i = 0
	   }
	:: d_step { late_group != 0 -> late_group = 0; late_fence = 0 }

	:: CRASH(0)
	:: CRASH(1)
	:: d_step { freezes > 0 && IS_UP(0) -> freezes--; frozen[0] = true }
	:: d_step { freezes > 0 && IS_UP(1) -> freezes--; frozen[1] = true }
	:: d_step { frozen[0] -> frozen[0] = false }
	:: d_step { frozen[1] -> frozen[1] = false }
	od
}

/* Time passes while something waits for it. Members that run renew in time. */
#define IS_LATE(m) (IS_UP(m) && remaining[m] <= 1)
#define MUST_ARRIVE (aged[0] || aged[1] || aged[2] || aged[3] || aged[4] || aged[5])
#define OWNER_IS_AWAY (owner != 0 && lease[owner] > 0 && \
	(id[(owner - 1) % MEMBERS] != owner || !IS_UP((owner - 1) % MEMBERS)))
#ifdef CLOCK_STOPS_WHILE_FROZEN
#define KEEPS_TIME(m) (running[m] && !frozen[m])
#else
#define KEEPS_TIME(m) (running[m])
#endif

proctype Clock() {
	byte i;
end:	do
	:: d_step { (hold[0] > 0 || hold[1] > 0 || hold[2] > 0 || OWNER_IS_AWAY) &&
			!IS_LATE(0) && !IS_LATE(1) && !MUST_ARRIVE ->
		i = 0;
		do
		:: i < MESSAGES -> hold[i] = (hold[i] > 0 -> hold[i] - 1 : 0); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < MEMBERS * MESSAGES -> aged[i] = (request[i] == FLYING); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < 5 -> lease[i] = (lease[i] > 0 -> lease[i] - 1 : 0); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < MEMBERS ->
			remaining[i] = (remaining[i] > 0 && KEEPS_TIME(i) -> remaining[i] - 1 : remaining[i]);
			i++
		:: else -> break
		od;
		i = 0
	   }
	od
}

/* The end of every execution: nothing is lost, and no member holds the account. */
proctype Monitor() {
	timeout -> assert(ALL_DONE && owner == 0)
}

init {
	atomic {
#ifdef TWO_CONVERSATIONS
		state[0] = READY; state[1] = DONE; state[2] = READY;
#else
		state[0] = READY; state[1] = NEW; state[2] = DONE;
#endif
		byte m = 0;
		do
		:: m < MEMBERS * MESSAGES -> request[m] = NONE; m++
		:: else -> break
		od;
		m = 0;
		do
		:: m < MEMBERS ->
			running[m] = true; id[m] = m + 1; lease[m + 1] = LEASE; remaining[m] = LEASE; claim[m] = IDLE;
			m++
		:: else -> break
		od;
		m = 0;
		run Member(0); run Member(1); run Meta(); run Webhooks(); run World(); run Clock(); run Monitor()
	}
}
