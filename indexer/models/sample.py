"""Text on which an exported model must agree with its original: questions, and passages of the length we index."""

from typing import NamedTuple


class Sample(NamedTuple):
    """A question and a passage that answers it."""

    question: str
    passage: str


SAMPLES = (
    Sample(
        "Who resigned as mayor of Lindholm?",
        "The mayor of Lindholm, Greta Aalto, resigned on Tuesday after auditors found that €4.2 million meant for the "
        "harbour had been spent on a concert hall. She denied any wrongdoing. “I signed what I was given,” she told "
        "reporters outside the town hall. Her deputy, Jonas Berg, will run the town until an election in March.",
    ),
    Sample(
        "How many people were evacuated?",
        "Heavy rain flooded three districts of the capital overnight. Firefighters evacuated 1,350 people from low "
        "streets along the river, most of them by boat. No deaths were reported. The weather office expects another "
        "80 millimetres before the weekend.",
    ),
    Sample(
        "When will the new bridge open?",
        "The bridge over the Anse, closed since a lorry struck a pillar in 2019, opens to traffic on 14 May 2021. "
        "Repairs cost twice the estimate. Engineers replaced every cable and raised the deck by half a metre.",
    ),
    Sample(
        "What did the central bank do?",
        "The central bank raised its main interest rate by a quarter of a point to 3.75% on Thursday, its sixth "
        "increase in a row. Governor Amina Diallo said that inflation was falling, but not fast enough. Shares in "
        "banks rose; builders lost ground. Economists had been split on whether the bank would wait.",
    ),
    Sample(
        "Where was the telescope built?",
        "Astronomers published the first pictures from a telescope built on a plateau in northern Chile, 5,000 metres "
        "above the sea. It sees light that dust hides from other instruments. Eleven countries paid for it.",
    ),
    Sample(
        "Who won the women's race?",
        "Kenya's Ruth Jepkorir won the women's race in two hours, 19 minutes and 43 seconds, a course record. "
        "Rain made the last kilometres slippery. In the men's race, the favourite fell at a drinks station and "
        "finished fourth. More than 30,000 people took part.",
    ),
    Sample(
        "Why did the airline cancel its flights?",
        "The airline cancelled all 210 of its flights on Friday because its crew-planning system failed. Passengers "
        "slept on the floor of the terminal. The company offered refunds and blamed a software update. A union said "
        "it had warned of the risk in October.",
    ),
    Sample(
        "What does the law forbid?",
        "Parliament passed a law that forbids the sale of single-use plastic bags from July. Shops that break it can "
        "be fined up to 10,000 crowns. Opposition members called it a tax on the poor. The environment minister, a "
        "former fisherman, said the sea could not wait.",
    ),
    Sample(
        "How much did the painting sell for?",
        "A small landscape found behind a wardrobe in Ghent sold for $1.9 million at auction in New York. Experts had "
        "valued it at a tenth of that. The buyer, who bid by telephone, was not named.",
    ),
    Sample(
        "Which company will build the reactors?",
        "The government chose Norvik Energi to build two reactors on the site of an old coal plant, and signed the "
        "contract on Monday. Work begins next year. The first power is expected in 2034, five years later than "
        "planned. Neighbours across the border have asked for talks.",
    ),
    Sample(
        "What did the scientists find in the cave?",
        "In a cave on the island's south coast, scientists found the bones of a child who lived about 9,000 years "
        "ago, buried with a necklace of shells. It is the oldest grave known in the region. DNA shows that the "
        "family came by sea.",
    ),
    Sample(
        "Who is accused of leaking the documents?",
        "A clerk at the ministry of defence, Tomás Herrera, 34, appeared in court accused of leaking documents on the "
        "purchase of helicopters. He pleaded not guilty. His lawyer said the papers showed corruption that the "
        "public had a right to know about. The trial was adjourned until 3 September.",
    ),
    Sample(
        "How long did the ceasefire last?",
        "The ceasefire lasted eleven hours. Shelling began again before dawn on Sunday, and each side blamed the "
        "other. Aid lorries that had waited for a week at the crossing turned back. Mediators said they would try "
        "once more.",
    ),
    Sample(
        "What vaccine was approved?",
        "Regulators approved the first vaccine against dengue for children under six. Trials with 20,000 children in "
        "four countries found that it prevented four of five hospital stays. Doses will be free in public clinics.",
    ),
    Sample(
        "Who founded the newspaper?",
        "The newspaper, founded in 1874 by the printer Elias Marchetti, will stop printing at the end of the year. "
        "Its website goes on with a staff of twelve. “People read us, they just do not pay us,” its editor wrote.",
    ),
    Sample(
        "What caused the blackout?",
        "A fallen tree caused the blackout that left half of the island without power for nine hours, the operator "
        "said. Hospitals ran on generators. Power came back to the last villages at 23:40.",
    ),
)
