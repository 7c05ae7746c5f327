// SPDX-License-Identifier: Apache-2.0
// Written by scripts/unicode.mjs from Unicode 15.0.0; do not edit.

/**
 * The letter of each symbol: digits 0 to 77, a class that does not follow by itself (78 to 83), one digit more (84).
 * Frequent symbols have the letters that are frequent in code, for gzip's sake.
 */
export const UNICODE_ALPHABET =
  "her,i=c)1:}0Al2?(.;NI-36u4]*<f9+{gPBb&5TwGCQp_D|E7[F!ykOZ/SW>#RKdMHVJqvYjxmUL^azs8ont";

/** The class that follows a run of each class where none stands, and, from 6 on, that which stands. */
export const NEXT_CLASS = "151011012345";

/** Runs of code points from U+0000 on: class, where it is not what follows, and length. */
export const UNICODE_RUNS =
  "a:8=;8e?}a)]aieae]a}8e]8e:ea}eaiea=6ae+aet=JaiAa2=a)eaeea.steP=aerriaeeiareae,eeeIete=aete#aersrtrle5,acGo1s_aeseaesraesraeseo1*)eofs0a=Qs-}airsete-aees)arscrsraesi?areo(Wtri0ain,earDro(<rornwaen)o1s1Csuaesfte,si?ar}aenE1cr0:rrri1eire=2a}eaee6Nrcerreerre(e0iee6o0nW})ePo:nw1N:rrr,1rir;aeeo(n(iw=,,ei:euo(n>:e,ie)r{a:iaenO:e,ei)rte3}e,e=o=ia)n.a}ntereici)IolSiae?ae}oTn[0})liga6rac}a0eaeeaeeai}igiIae;igea1eo/mactehar5ee=e_aeti-t,C,o{(o(te1}aet)mar.8ez]o=Ua,n5r9eo0nteJra,eair;o*,aenteLrted,iocntevo5<rarndfr03a)eo1s2es(nkjla.:oAte51aiZ,a=nRarn(Qr,o(s,aesles)isecse,srn[tevsdt,prcr5rcr1eeeeeee+rye)aeea,,e)a,ircea,la,or,e)aroe80f8r=8e|8eo(aeera0ea?oel,ago?slise,sAn?areaiear}aeea,=aceaeeaeeaeiae0aria==aiea.Ga,oiat1To/at6;oteRtrxac:=a)ntegeo?ux{a|eotegate)oAatrSoC8ei,a4:sirae=ar=oite1rsrar,aeteAaei7te(ea({oE(a+oeatcAttecwadtt,[=,odDart,Ba,nEFae}aete&o&:arte4ard=riiukaie,o(!oAv1arn(ua,eae7arb0aente=2o2n?arnteDai6a,x*ar(ar=te3ae2octe_aer;tteM;te2atte9utikrte<5)A==ese}aele=eeererete9ogtiFa;drk)ogAais(a}ocs2raBoeaNoeaioi=ete/rora?}a)]ac]a0te0,crcrcr,,a)oea)o.nt,3odyoteSseote!nte;seo+{olnx=baenEaen|trr;bte^ae0e?e)ertc6=eCe:trha:6a:nTo/n*a=3o}n+oMn>arrodnl)b,ieo{fa,foB1ae9io-n/a)nua1nua1n4ote4nte[FYacwtiho{nQro,n^s,fa}n+0o+3oC-o*nteueo+(:>a)n0o,nEy0ain|earnm=aiiaelaeeoBny,acntefo)Wterse:rrr,:e2),=tr7:a=}oiiteh3aentrL)r:a6nte4ra,n<o{/o)ntefe2acnt,?rote6mo-n7crei)oAnteHraente,0a1ete,ea,eo;nterot,3nKro?}ountr!cteerti5o:nMralntePodnt2po(nt&Qo?tlSa(nttr-darnte[=o0Oa:ioAn0o1nt:+dote[ntrvaenlrtt,.Eaerot>4sDors6otc>a2rs,a,ca1s1ars)a9sia#ote:,ot=yte)eYerrerrrieAeee)eMeir1e)e<eie=ee,)eti<r4ae4ae+ae4ae+ae4ae+ae4ae+ae4ae1r[atcpOai[a1ea2eo3nt.O)e.r)ere==Rgetri2.oti:+#2=ot=UCtA&a:)GL;ot?(ie*ereeree}eieeeeceieeeeee,ereereeeeeeeeeereerie)eieieee}e.=,e=e.!otc>atr;oteia,olapoia:o)arot+p}t(jttcULtt,{Itcmtttew/_ot,-st,cott{;I";
