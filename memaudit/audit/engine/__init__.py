"""A recogniser over many recordings: in this process, or in several processes of their own.

Whoever scores opens an engine, reads what was loaded from its ``info``, gives it `work.Item` and takes
`work.Heard` as they are done. What comes out does not depend on the number of processes: every recording is
heard alone, or in batches that are cut before they are dealt.
"""
